"""Alembic's environment and the schema's revisions; run by `serving.store.migrate`."""
