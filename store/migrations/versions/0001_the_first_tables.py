"""the first tables."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.tables
from store.migrations import triggers

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('asked',
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ask', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('seat', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('instead_of', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.PrimaryKeyConstraint('case', 'ask', 'person')
    )
    with op.batch_alter_table('asked', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_asked_person'), ['person'], unique=False)

    op.create_table('case',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('school', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('process', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('title', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starter', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('author', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('opened_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('changed_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('closed_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('waits_for', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('due', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('sealed_opening', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_standing', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('reference')
    )
    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_author'), ['author'], unique=False)
        batch_op.create_index('ix_case_newest', ['organisation', 'opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_case_starter'), ['starter'], unique=False)

    op.create_table('case_key',
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('wrapped_under', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('case')
    )
    op.create_table('directory',
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('organisation')
    )
    op.create_table('draft',
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('school', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('process', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starter', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('changed_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('submitted_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('sealed_answers', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('key'),
    sa.UniqueConstraint('case'),
    sa.UniqueConstraint('reference')
    )
    with op.batch_alter_table('draft', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_draft_starter'), ['starter'], unique=False)

    op.create_table('event',
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('entry', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('previous', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('case', 'n')
    )
    op.create_table('link',
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ask', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('issued_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('expires_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('closed_at', store.tables.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('digest'),
    sa.UniqueConstraint('id')
    )
    with op.batch_alter_table('link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_link_case'), ['case'], unique=False)

    op.create_table('mail',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('template', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sa.Integer(), nullable=True),
    sa.Column('ask', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('queued_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('sent_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('dropped_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('refused_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('message_digest', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mail_case'), ['case'], unique=False)

    op.create_table('opened',
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', store.tables.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('case', 'version', 'person')
    )
    op.create_table('pack_text',
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pack', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('json_text', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('digest')
    )
    op.create_table('person',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('email', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('email_folded', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('line_manager', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('deputy', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('leaves_on', sa.Date(), nullable=True),
    sa.Column('authorised_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('authorised_on', sa.Date(), nullable=True),
    sa.Column('administrator', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('email_folded')
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_organisation'), ['organisation'], unique=False)

    op.create_table('session',
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('began_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('seen_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('form_token', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('digest')
    )
    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_session_person'), ['person'], unique=False)

    op.create_table('sign_in_code',
    sa.Column('browser', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('expires_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('browser')
    )
    with op.batch_alter_table('sign_in_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_code_address'), ['address'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_in_code_asked_at'), ['asked_at'], unique=False)

    op.create_table('absence',
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['person'], ['person.id'], ),
    sa.PrimaryKeyConstraint('person', 'first')
    )
    op.create_table('advice',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('draft', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_of', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('answered_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('sealed_question', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_answer', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['draft'], ['draft.key'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('advice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_advice_asked_of'), ['asked_of'], unique=False)
        batch_op.create_index(batch_op.f('ix_advice_draft'), ['draft'], unique=False)

    op.create_table('ask',
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ask', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('step', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('seat', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('opened_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('due', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('closed_at', store.tables.Instant(timezone=True), nullable=True),
    sa.Column('closed_how', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.ForeignKeyConstraint(['case'], ['case.id'], ),
    sa.PrimaryKeyConstraint('case', 'ask')
    )
    op.create_table('holding',
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('school', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('seat', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['person'], ['person.id'], ),
    sa.PrimaryKeyConstraint('person', 'school', 'seat')
    )
    op.create_table('person_school',
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('school', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['person'], ['person.id'], ),
    sa.PrimaryKeyConstraint('person', 'school')
    )
    op.create_table('site',
    sa.Column('case', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('school', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('title', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('author', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('approved_at', store.tables.Instant(timezone=True), nullable=False),
    sa.Column('live_on', sa.Date(), nullable=True),
    sa.Column('closes_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['case'], ['case.id'], ),
    sa.PrimaryKeyConstraint('case')
    )
    with op.batch_alter_table('site', schema=None) as batch_op:
        batch_op.create_index('ix_site_by_title', ['organisation', 'title', 'case'], unique=False)

    dialect = op.get_bind().dialect.name
    for statement in triggers.SQLITE if dialect == "sqlite" else triggers.POSTGRESQL:
        op.execute(statement)

