"""the words by which a case is found besides its title: where a site is hosted, say."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('case', sa.Column('found_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
