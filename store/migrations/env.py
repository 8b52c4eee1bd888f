"""How alembic reaches the database: the caller's connection."""

from alembic import context
from sqlmodel import SQLModel

import store.confidential.tables  # noqa: F401 -- fills the metadata, with the tables that it imports

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
