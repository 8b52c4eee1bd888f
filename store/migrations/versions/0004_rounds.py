"""what comes round: sites that live, documents and their versions, signatures, and coming dates."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    _sites()
    _documents()
    _dates()


def _sites() -> None:
    op.create_table(
        'site_life',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('site', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('state', _TEXT(), nullable=False),
        sa.Column('address', _TEXT(), nullable=False),
        sa.Column('live_on', sa.Date(), nullable=True),
        sa.Column('closes_on', sa.Date(), nullable=True),
        sa.Column('present', _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case'),
        sa.UniqueConstraint('site'),
    )
    op.create_index('ix_site_life_organisation', 'site_life', ['organisation', 'state'], unique=False)
    op.create_table(
        'site_team',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('role', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case', 'role', 'person'),
    )
    op.create_index('ix_site_team_person', 'site_team', ['person'], unique=False)
    op.create_table(
        'round_seat',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('seat', _TEXT(), nullable=False),
        sa.Column('owns', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case', 'seat'),
    )


def _documents() -> None:
    op.create_table(
        'document_version',
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('document', _TEXT(), nullable=False),
        sa.Column('n', sa.Integer(), nullable=False),
        sa.Column('title', _TEXT(), nullable=False),
        sa.Column('version', _TEXT(), nullable=False),
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('text', _TEXT(), nullable=False),
        sa.Column('approved_on', sa.Date(), nullable=True),
        sa.Column('effective_from', sa.Date(), nullable=True),
        sa.Column('review_on', sa.Date(), nullable=True),
        sa.Column('case', _TEXT(), nullable=True),
        sa.Column('adopted_at', _INSTANT, nullable=False),
        sa.Column('superseded_at', _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint('organisation', 'document', 'n'),
    )
    op.create_index('ix_document_version_digest', 'document_version', ['digest'], unique=False)
    op.create_table(
        'review',
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('document', _TEXT(), nullable=False),
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('reference', _TEXT(), nullable=False),
        sa.Column('begun_at', _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint('organisation', 'document'),
        sa.UniqueConstraint('case'),
        sa.UniqueConstraint('reference'),
    )
    op.create_table(
        'campaign',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('document', _TEXT(), nullable=False),
        sa.Column('version', _TEXT(), nullable=False),
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('began_at', _INSTANT, nullable=False),
        sa.Column('over_at', _INSTANT, nullable=True),
        sa.Column('audience', _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case'),
    )
    op.create_index('ix_campaign_organisation', 'campaign', ['organisation'], unique=False)
    op.create_table(
        'signature',
        sa.Column('campaign', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('reference', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('document', _TEXT(), nullable=False),
        sa.Column('version', _TEXT(), nullable=False),
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('asked_at', _INSTANT, nullable=False),
        sa.Column('begun_at', _INSTANT, nullable=True),
        sa.Column('signed_at', _INSTANT, nullable=True),
        sa.Column('declined_at', _INSTANT, nullable=True),
        sa.Column('left_at', _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint('campaign', 'person'),
        sa.UniqueConstraint('case'),
        sa.UniqueConstraint('reference'),
    )
    op.create_index(
        'ix_signature_open',
        'signature',
        ['campaign'],
        sqlite_where=sa.text('signed_at IS NULL AND declined_at IS NULL AND left_at IS NULL'),
        postgresql_where=sa.text('signed_at IS NULL AND declined_at IS NULL AND left_at IS NULL'),
    )
    op.create_index('ix_signature_person', 'signature', ['person', 'document'], unique=False)


def _dates() -> None:
    op.create_table(
        'coming',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('what', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('school', _TEXT(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('title', _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['case.id']),
        sa.PrimaryKeyConstraint('case', 'what'),
    )
    op.create_index('ix_coming_day', 'coming', ['organisation', 'day'], unique=False)
    op.create_table(
        'feed',
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('made_at', _INSTANT, nullable=False),
        sa.Column('revoked_at', _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint('digest'),
    )
    op.create_index('ix_feed_person', 'feed', ['person'], unique=False)
    op.create_table(
        'signing_desk',
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('campaign', _TEXT(), nullable=False),
        sa.Column('made_by', _TEXT(), nullable=False),
        sa.Column('made_at', _INSTANT, nullable=False),
        sa.Column('revoked_at', _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(['campaign'], ['case.id']),
        sa.PrimaryKeyConstraint('digest'),
    )
    op.create_index('ix_signing_desk_campaign', 'signing_desk', ['campaign'], unique=False)
