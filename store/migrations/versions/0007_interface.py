"""tokens and webhooks of the interface for programs."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    op.create_table(
        'api_token',
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('scopes', _TEXT(), nullable=False),
        sa.Column('made_at', _INSTANT, nullable=False),
        sa.Column('expires_at', _INSTANT, nullable=False),
        sa.Column('last_used_on', sa.Date(), nullable=True),
        sa.Column('revoked_at', _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(['person'], ['person.id']),
        sa.PrimaryKeyConstraint('digest'),
        sa.UniqueConstraint('id'),
    )
    op.create_index('ix_api_token_person', 'api_token', ['person'], unique=False)
    op.create_table(
        'api_start',
        sa.Column('key', _TEXT(), nullable=False),
        sa.Column('draft', _TEXT(), nullable=False),
        sa.Column('mark', _TEXT(), nullable=False),
        sa.Column('at', _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(['draft'], ['draft.key']),
        sa.PrimaryKeyConstraint('key'),
        sa.UniqueConstraint('draft'),
    )
    op.create_table(
        'webhook',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('address', _TEXT(), nullable=False),
        sa.Column('kinds', _TEXT(), nullable=False),
        sa.Column('sealed_secret', sa.LargeBinary(), nullable=False),
        sa.Column('made_by', _TEXT(), nullable=False),
        sa.Column('made_at', _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(['made_by'], ['person.id']),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_webhook_organisation', 'webhook', ['organisation'], unique=False)
    op.create_table(
        'webhook_delivery',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('webhook', _TEXT(), nullable=False),
        sa.Column('reference', _TEXT(), nullable=False),
        sa.Column('process', _TEXT(), nullable=False),
        sa.Column('kind', _TEXT(), nullable=False),
        sa.Column('n', sa.Integer(), nullable=False),
        sa.Column('at', _INSTANT, nullable=False),
        sa.Column('queued_at', _INSTANT, nullable=False),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('tried_at', _INSTANT, nullable=True),
        sa.Column('said', _TEXT(), nullable=False),
        sa.Column('delivered_at', _INSTANT, nullable=True),
        sa.Column('failed_at', _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(['webhook'], ['webhook.id']),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_webhook_delivery_webhook', 'webhook_delivery', ['webhook'], unique=False)
    waits = sa.text('delivered_at IS NULL AND failed_at IS NULL')
    op.create_index(
        'ix_webhook_delivery_waiting',
        'webhook_delivery',
        ['queued_at'],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
