"""How people and systems use the models. The API and the pages are built here."""
