"""What the trade and the models know: no web, no database, no training."""
