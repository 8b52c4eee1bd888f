"""cases that do not get on, since what they say cannot be put on record."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    op.create_table(
        'stuck',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('since', _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint('case'),
    )
