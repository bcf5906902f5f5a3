"""The denial model: claims as numbers, probabilities, reasons, artifacts."""
