"""scale: somebody's own cases are walked through from the newest, however many of them have ended."""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_WHOSE = ('starter', 'author')


def upgrade() -> None:
    for whose in _WHOSE:
        op.drop_index(f'ix_case_{whose}', 'case')
        op.create_index(f'ix_case_{whose}', 'case', [whose, 'opened_at', 'id'], unique=False)
