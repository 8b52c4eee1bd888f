"""The migrations of the database, run by alembic."""
