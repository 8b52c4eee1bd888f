"""what a term does to a request: changes, holds, people who come and go, corrected addresses."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table('ask') as ask:
        ask.add_column(sa.Column('ladder', _TEXT(), nullable=False, server_default=''))
        ask.add_column(sa.Column('escalated_to', _TEXT(), nullable=False, server_default=''))
        ask.add_column(sa.Column('named', _TEXT(), nullable=True))
        ask.add_column(sa.Column('excluded', _TEXT(), nullable=False, server_default=''))
    with op.batch_alter_table('case') as case:
        case.add_column(sa.Column('held_at', _INSTANT, nullable=True))
    with op.batch_alter_table('draft') as draft:
        draft.add_column(sa.Column('changes', sa.Integer(), nullable=True))
    with op.batch_alter_table('link') as link:
        link.add_column(sa.Column('purpose', _TEXT(), nullable=False, server_default='answer'))
    with op.batch_alter_table('mail') as mail:
        mail.add_column(sa.Column('gathered_at', _INSTANT, nullable=True))
        mail.create_index('ix_mail_person', ['person', 'queued_at'], unique=False)
    with op.batch_alter_table('site') as site:
        site.add_column(sa.Column('questioned_at', _INSTANT, nullable=True))
        site.add_column(sa.Column('void_at', _INSTANT, nullable=True))
    waiting = sa.text('sent_at IS NULL AND dropped_at IS NULL AND refused_at IS NULL')
    op.create_index('ix_mail_waiting', 'mail', ['queued_at'], unique=False, sqlite_where=waiting,
                    postgresql_where=waiting)
    op.create_index('ix_ask_open', 'ask', ['case'], unique=False, sqlite_where=sa.text('closed_at IS NULL'),
                    postgresql_where=sa.text('closed_at IS NULL'))
    op.create_table(
        'address_change',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('address', _TEXT(), nullable=False),
        sa.Column('why', _TEXT(), nullable=False),
        sa.Column('proposed_by', _TEXT(), nullable=False),
        sa.Column('proposed_at', _INSTANT, nullable=False),
        sa.Column('settled_by', _TEXT(), nullable=True),
        sa.Column('settled_at', _INSTANT, nullable=True),
        sa.Column('confirmed', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['person'], ['person.id']),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_address_change_organisation', 'address_change', ['organisation'], unique=False)
