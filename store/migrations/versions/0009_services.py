"""services, who ended somebody else's token, and what evidence was taken of ordinary cases."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    op.add_column('api_token', sa.Column('revoked_by', _TEXT(), nullable=True))
    op.create_table(
        'service',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('scopes', _TEXT(), nullable=False),
        sa.Column('made_by', _TEXT(), nullable=False),
        sa.Column('made_at', _INSTANT, nullable=False),
        sa.Column('expires_at', _INSTANT, nullable=False),
        sa.Column('confirmed_by', _TEXT(), nullable=True),
        sa.Column('confirmed_at', _INSTANT, nullable=True),
        sa.Column('last_used_on', sa.Date(), nullable=True),
        sa.Column('ended_by', _TEXT(), nullable=True),
        sa.Column('ended_at', _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(['made_by'], ['person.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('digest'),
    )
    op.create_index('ix_service_organisation', 'service', ['organisation'], unique=False)
    op.create_table(
        'evidence_taken',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('at', _INSTANT, nullable=False),
        sa.Column('person', _TEXT(), nullable=True),
        sa.Column('operator', _TEXT(), nullable=True),
        sa.Column('withheld', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_evidence_taken_case', 'evidence_taken', ['case'], unique=False)
