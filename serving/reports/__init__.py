"""Reports for people: tables and one PDF a month."""
