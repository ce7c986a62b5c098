"""A PostgreSQL server beside an app."""
