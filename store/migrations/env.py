"""How alembic reaches the database: the caller's connection."""

from alembic import context
from sqlmodel import SQLModel

import store.confidential.tables
import store.interface
import store.rounds.tables
import store.webhooks  # noqa: F401 -- all fill the metadata, with the tables that they import

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
