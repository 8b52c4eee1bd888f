"""that a change of power came by a file, which may say why."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('power_change', sa.Column('by_file', sa.Boolean(), nullable=False, server_default=sa.false()))
    # Until now a file could not say why, and everything else had to.
    change = sa.table('power_change', sa.column('by_file', sa.Boolean()), sa.column('why'))
    op.execute(change.update().where(change.c.why == '').values(by_file=True))
