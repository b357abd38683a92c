"""A queue of any size: case managers are found by a keyed hash of their name, closed cases and drafts by their times."""
import sqlalchemy as sa
from alembic import op

from bot.security.keys import reading_key, search_hash
from bot.security.sealing import Unreadable, key_id_of, open_

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

AT_ONCE = 200
CASES = sa.table('cases', sa.column('id'), sa.column('case_manager', sa.LargeBinary()),
                 sa.column('case_manager_hash'))


def upgrade() -> None:
    op.add_column('cases', sa.Column('case_manager_hash', sa.String(length=64), nullable=True))
    connection, last = op.get_bind(), ''
    named = sa.select(CASES.c.id, CASES.c.case_manager).where(CASES.c.case_manager.is_not(None)).order_by(CASES.c.id)
    while rows := connection.execute(named.where(CASES.c.id > last).limit(AT_ONCE)).all():
        for row in rows:
            name = _name(connection, row)
            if name is not None:
                found_by = search_hash(connection, 'case_manager', name)
                connection.execute(sa.update(CASES).where(CASES.c.id == row.id).values(case_manager_hash=found_by))
        last = rows[-1].id
    op.create_index('ix_cases_case_manager_hash', 'cases', ['case_manager_hash'])
    op.create_index('cases_closed', 'cases', ['state', 'closed_at'])
    op.create_index('reports_drafts', 'reports', ['sent_at', 'created_at'])


def downgrade() -> None:
    op.drop_index('reports_drafts', 'reports')
    op.drop_index('cases_closed', 'cases')
    op.drop_index('ix_cases_case_manager_hash', 'cases')
    with op.batch_alter_table('cases') as batch:
        batch.drop_column('case_manager_hash')


def _name(connection, row):
    """Open a name; None where it was erased or cannot be opened: then nobody reads it either."""
    try:
        key_id = key_id_of(row.case_manager) if row.case_manager else ''
        key = reading_key(connection, key_id) if key_id else None
        return key and open_(key, key_id, 'cases.case_manager', row.id, row.case_manager).decode('utf-8', 'surrogatepass')
    except Unreadable:
        return None
