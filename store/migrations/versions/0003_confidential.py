"""confidential cases: who may sign in for them, and what is kept of them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables
from store.migrations import triggers

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = store.tables.Instant(timezone=True)


def upgrade() -> None:
    _sign_in()
    _changes_of_power()
    _cases()
    _erasing()


def _sign_in() -> None:
    with op.batch_alter_table('session') as session:
        session.add_column(sa.Column('strong_until', _INSTANT, nullable=True))
    op.create_table(
        'identity',
        sa.Column('issuer', _TEXT(), nullable=False),
        sa.Column('subject', _TEXT(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('linked_at', _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(['person'], ['person.id']),
        sa.PrimaryKeyConstraint('issuer', 'subject'),
    )
    op.create_index('ix_identity_person', 'identity', ['person', 'issuer'], unique=True)
    op.create_table(
        'second_factor',
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('sealed_secret', sa.LargeBinary(), nullable=False),
        sa.Column('made_at', _INSTANT, nullable=False),
        sa.Column('proved_at', _INSTANT, nullable=True),
        sa.Column('vouched_by', _TEXT(), nullable=True),
        sa.Column('vouched_at', _INSTANT, nullable=True),
        sa.Column('last_half_minute', sa.Integer(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('locked_until', _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(['person'], ['person.id']),
        sa.PrimaryKeyConstraint('person'),
    )
    op.create_table(
        'factor_removal',
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('asked_by', _TEXT(), nullable=False),
        sa.Column('asked_at', _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(['person'], ['person.id']),
        sa.ForeignKeyConstraint(['asked_by'], ['person.id']),
        sa.PrimaryKeyConstraint('person'),
    )


def _changes_of_power() -> None:
    changes = op.create_table(
        'power_change',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('organisation_name', _TEXT(), nullable=False),
        sa.Column('batch', sa.Integer(), nullable=False),
        sa.Column('person', _TEXT(), nullable=False),
        sa.Column('what', _TEXT(), nullable=False),
        sa.Column('of', _TEXT(), nullable=False),
        sa.Column('before', _TEXT(), nullable=False),
        sa.Column('after', _TEXT(), nullable=False),
        sa.Column('why', _TEXT(), nullable=False),
        sa.Column('proposed_by', _TEXT(), nullable=False),
        sa.Column('proposed_at', _INSTANT, nullable=False),
        sa.Column('proposal_told_at', _INSTANT, nullable=True),
        sa.Column('settled_by', _TEXT(), nullable=True),
        sa.Column('settled_at', _INSTANT, nullable=True),
        sa.Column('outcome', _TEXT(), nullable=True),
        sa.Column('outcome_told_at', _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_power_change_organisation', 'power_change', ['organisation'], unique=False)
    _corrections_so_far(changes)
    op.drop_table('address_change')


def _corrections_so_far(changes: sa.Table) -> None:
    """Corrections of addresses are changes of power now; what the address was before was not kept of the settled."""
    columns = ('id', 'organisation', 'person', 'address', 'why', 'proposed_by', 'settled_by', 'confirmed')
    moments = ('proposed_at', 'settled_at')
    corrections = sa.table(
        'address_change', *(sa.column(name) for name in columns), *(sa.column(name, _INSTANT) for name in moments)
    )
    person = sa.table('person', sa.column('id'), sa.column('email'))
    connection = op.get_bind()
    addresses = dict(connection.execute(sa.select(person.c.id, person.c.email)).all())
    batches: dict[str, int] = {}
    for row in connection.execute(sa.select(corrections).order_by(corrections.c.proposed_at)).mappings().all():
        batches[row['organisation']] = batches.get(row['organisation'], 0) + 1
        is_settled = row['settled_at'] is not None
        connection.execute(
            changes.insert().values(
                id=row['id'],
                organisation=row['organisation'],
                organisation_name='your school',
                batch=batches[row['organisation']],
                person=row['person'],
                what='address',
                of='',
                before='' if is_settled else addresses[row['person']],
                after=row['address'],
                why=row['why'],
                proposed_by=row['proposed_by'],
                proposed_at=row['proposed_at'],
                proposal_told_at=row['proposed_at'],
                settled_by=row['settled_by'],
                settled_at=row['settled_at'],
                outcome=('confirmed' if row['confirmed'] else 'refused') if is_settled else None,
                outcome_told_at=row['settled_at'],
            )
        )


def _cases() -> None:
    op.create_table(
        'confidential',
        sa.Column('id', _TEXT(), nullable=False),
        sa.Column('reference', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('opened_at', _INSTANT, nullable=False),
        sa.Column('changed_at', _INSTANT, nullable=False),
        sa.Column('closed_at', _INSTANT, nullable=True),
        sa.Column('sealed_opening', sa.LargeBinary(), nullable=False),
        sa.Column('sealed_standing', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('reference'),
    )
    op.create_index('ix_confidential_organisation', 'confidential', ['organisation'], unique=False)
    op.create_table(
        'party',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('party', _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(['case'], ['confidential.id']),
        sa.PrimaryKeyConstraint('case', 'party'),
    )
    op.create_index('ix_party_party', 'party', ['party'], unique=False)
    op.create_table(
        'receipt',
        sa.Column('digest', _TEXT(), nullable=False),
        sa.Column('case', _TEXT(), nullable=False),
        sa.PrimaryKeyConstraint('digest'),
    )
    for name in ('confidential_read', 'emergency'):
        op.create_table(
            name,
            sa.Column('id', _TEXT(), nullable=False),
            sa.Column('case', _TEXT(), nullable=False),
            sa.Column('at', _INSTANT, nullable=False),
            sa.Column('sealed', sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint('id'),
        )
        op.create_index(f'ix_{name}_case', name, ['case'], unique=False)


def _erasing() -> None:
    op.create_table(
        'tombstone',
        sa.Column('case', _TEXT(), nullable=False),
        sa.Column('organisation', _TEXT(), nullable=False),
        sa.Column('closed', _TEXT(), nullable=False),
        sa.Column('erased_on', sa.Date(), nullable=False),
        sa.Column('rule', _TEXT(), nullable=False),
        sa.Column('salts', _TEXT(), nullable=False),
        sa.Column('gone_at', _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint('case'),
    )
    op.create_index('ix_tombstone_organisation', 'tombstone', ['organisation'], unique=False)
    dialect = op.get_bind().dialect.name
    for statement in triggers.WITH_ERASING_SQLITE if dialect == 'sqlite' else triggers.WITH_ERASING_POSTGRESQL:
        op.execute(statement)
