"""Verbs of the console command. Each module stays cheap to import: ``--help`` must not wait."""
