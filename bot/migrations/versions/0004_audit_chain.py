"""The audit trail as a sealed chain that the database refuses to change."""
import sqlalchemy as sa
from alembic import op

from bot.database import UtcTime
from bot.security.chain import seal

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_SQLITE = (
    """CREATE TRIGGER audit_append BEFORE INSERT ON audit
       WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM audit)
       BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END""",
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END""",
)
# Only the table's owner can take the triggers off, as a later migration would have to.
_POSTGRESQL = (
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM PUBLIC",
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the audit trail is only appended to'; END $$""",
    """CREATE TRIGGER audit_append BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    "ALTER TABLE audit ALTER COLUMN id DROP DEFAULT",
)


def upgrade() -> None:
    with op.batch_alter_table('audit') as batch:
        batch.add_column(sa.Column('hash', sa.String(length=64), nullable=True))
    _chain()
    with op.batch_alter_table('audit') as batch:
        batch.alter_column('hash', existing_type=sa.String(length=64), nullable=False)
    for statement in _POSTGRESQL if op.get_bind().dialect.name == 'postgresql' else _SQLITE:
        op.execute(statement)


def _chain() -> None:
    """Number the entries without gaps and seal each with the one before it."""
    table = sa.table('audit', sa.column('id'), sa.column('at', UtcTime), sa.column('actor'), sa.column('action'),
                     sa.column('subject'), sa.column('hash'))
    bind, before = op.get_bind(), ''
    rows = bind.execute(sa.select(table).order_by(table.c.id)).all()
    for number, row in enumerate(rows, 1):
        before = seal(before, number, row.at, row.actor, row.action, row.subject)
        bind.execute(table.update().where(table.c.id == row.id).values(id=number, hash=before))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("DROP TRIGGER audit_append ON audit")
        op.execute("DROP FUNCTION audit_refuse()")
        op.execute("ALTER TABLE audit ALTER COLUMN id SET DEFAULT nextval('audit_id_seq')")
        op.execute("SELECT setval('audit_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM audit), false)")
    else:
        for name in ('audit_append', 'audit_no_update', 'audit_no_delete'):
            op.execute(f"DROP TRIGGER {name}")
    with op.batch_alter_table('audit') as batch:
        batch.drop_column('hash')
