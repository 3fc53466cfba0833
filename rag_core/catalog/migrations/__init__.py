"""Alembic's part of the catalog: how each revision of the tables came from the one before."""
