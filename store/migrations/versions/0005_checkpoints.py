"""checkpoints over every chain, and what the mails of a case are made from again."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables
from store.migrations import triggers

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    _checkpoints()
    _mails()


def _checkpoints() -> None:
    op.create_table(
        'checkpoint',
        sa.Column('n', sa.Integer(), nullable=False),
        sa.Column('at', _INSTANT, nullable=False),
        sa.Column('text', _TEXT(), nullable=False),
        sa.Column('padding', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('n'),
    )
    op.create_table(
        'checkpoint_head',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('checkpoint', sa.Integer(), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('head', _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(['checkpoint'], ['checkpoint.n']),
        sa.PrimaryKeyConstraint('case', 'checkpoint'),
    )
    dialect = op.get_bind().dialect.name
    for statement in triggers.CHECKPOINTS_SQLITE if dialect == 'sqlite' else triggers.CHECKPOINTS_POSTGRESQL:
        op.execute(statement)


def _mails() -> None:
    op.create_table(
        'template_text',
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('template', _TEXT(), nullable=False),
        sa.Column('json_text', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('digest'),
    )
    with op.batch_alter_table('mail') as mail:
        mail.add_column(sa.Column('template_digest', _TEXT(), nullable=True))
        mail.add_column(sa.Column('text_digest', _TEXT(), nullable=True))
        mail.add_column(sa.Column('sealed_parameters', sa.LargeBinary(), nullable=True))
