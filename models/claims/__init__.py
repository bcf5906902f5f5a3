"""Claims, remittances and acknowledgements, and the files that carry them."""
