"""finding cases: views that somebody keeps, and an index for each way in which cases are walked through."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    op.create_table(
        'saved_view',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('name', _TEXT(), nullable=False),
        sa.Column('query', _TEXT(), nullable=False),
        sa.Column('kept_at', _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(['person'], ['person.id']),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_saved_view_person', 'saved_view', ['person', 'name'], unique=True)
    op.create_index('ix_case_process', 'case', ['organisation', 'process', 'opened_at', 'id'], unique=False)
    op.create_index('ix_case_school', 'case', ['organisation', 'school', 'opened_at', 'id'], unique=False)
    op.create_index('ix_case_title', 'case', ['organisation', 'title', 'id'], unique=False)
    _some('ix_case_open', 'case', ['organisation', 'opened_at', 'id', 'process', 'school'], 'closed_at IS NULL')
    _some('ix_case_due', 'case', ['organisation', 'due', 'id'], 'closed_at IS NULL')
    _some('ix_case_ended', 'case', ['organisation', 'closed_at', 'id', 'outcome', 'opened_at'], 'closed_at IS NOT NULL')
    _some('ix_mail_refused', 'mail', ['refused_at'], 'refused_at IS NOT NULL')


def _some(name: str, table: str, columns: list[str], which: str) -> None:
    """Add an index of those rows alone of which `which` is true."""
    where = sa.text(which)
    op.create_index(name, table, columns, unique=False, sqlite_where=where, postgresql_where=where)
