"""what was opened before it was signed, and who attended which training."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    op.create_table(
        'reading_opened',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('reading', _TEXT(), nullable=False),
        sa.Column('opened_at', _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case', 'reading'),
    )
    op.create_table(
        'training',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('n', sa.Integer(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('title', _TEXT(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case', 'n', 'person'),
    )
    op.create_index('ix_training_person', 'training', ['organisation', 'person'], unique=False)
