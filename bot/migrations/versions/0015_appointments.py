"""A case manager is named for routes of a case, and no longer for the case: so each reads of their own persons alone."""
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.security.keys import reading_key
from bot.security.sealing import Unreadable, key_id_of, open_, seal

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

AT_ONCE = 200
NAMES = {'case_manager': 'manager', 'case_manager_organisation': 'organisation'}
"""Columns of a case, and those of an appointment."""
CASES = sa.table('cases', sa.column('id'), sa.column('report_id'), sa.column('opened_at', sa.DateTime(timezone=True)),
                 sa.column('case_manager_hash'), *[sa.column(name, sa.LargeBinary()) for name in NAMES])
RECEIPTS = sa.table('receipts', sa.column('report_id'), sa.column('route'))
APPOINTMENTS = sa.table(
    'appointments', *[sa.column(name) for name in ('id', 'case_id', 'report_id', 'route', 'manager_hash')],
    *[sa.column(name, sa.LargeBinary()) for name in NAMES.values()], sa.column('at', sa.DateTime(timezone=True)))


def upgrade() -> None:
    op.create_table(
        'appointments',
        sa.Column('id', sa.String(length=36), primary_key=True),
        sa.Column('case_id', sa.String(length=36), sa.ForeignKey('cases.id'), nullable=False),
        sa.Column('report_id', sa.String(length=36), sa.ForeignKey('reports.id'), nullable=False),
        sa.Column('route', sa.String(length=20), nullable=False),
        sa.Column('manager', sa.LargeBinary(), nullable=False),
        sa.Column('manager_hash', sa.String(length=64), nullable=True),
        sa.Column('organisation', sa.LargeBinary(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint('case_id', 'route'),
    )
    op.create_index('ix_appointments_report_id', 'appointments', ['report_id'])
    op.create_index('ix_appointments_manager_hash', 'appointments', ['manager_hash'])
    connection, last = op.get_bind(), ''
    named = sa.select(CASES).where(CASES.c.case_manager.is_not(None)).order_by(CASES.c.id).limit(AT_ONCE)
    while cases := connection.execute(named.where(CASES.c.id > last)).all():
        for case in cases:
            sent = sa.select(RECEIPTS.c.route).where(RECEIPTS.c.report_id == case.report_id)
            # Of what was not sent it is not known whom it will be about: the name stays, and shows nobody.
            for route in list(connection.execute(sent).scalars()) or ['consult']:
                own = str(uuid.uuid4())
                names = {new: _moved(connection, getattr(case, old) or b'', f'cases.{old}', case.id,
                                     f'appointments.{new}', own) for old, new in NAMES.items()}
                connection.execute(APPOINTMENTS.insert().values(
                    id=own, case_id=case.id, report_id=case.report_id, route=route, at=case.opened_at, **names,
                    # A copy that is put back may have the hash of a name that was erased meanwhile.
                    manager_hash=case.case_manager_hash if names['manager'] else None))
        last = cases[-1].id
    op.drop_index('ix_cases_case_manager_hash', 'cases')
    with op.batch_alter_table('cases') as batch:
        for name in (*NAMES, 'case_manager_hash'):
            batch.drop_column(name)


def downgrade() -> None:
    with op.batch_alter_table('cases') as batch:
        for name in NAMES:
            batch.add_column(sa.Column(name, sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column('case_manager_hash', sa.String(length=64), nullable=True))
    op.create_index('ix_cases_case_manager_hash', 'cases', ['case_manager_hash'])
    connection, last = op.get_bind(), ''
    named = sa.select(CASES.c.id).where(
        sa.exists().where(APPOINTMENTS.c.case_id == CASES.c.id)).order_by(CASES.c.id).limit(AT_ONCE)
    while cases := connection.execute(named.where(CASES.c.id > last)).scalars().all():
        for case in cases:
            first = sa.select(APPOINTMENTS).where(APPOINTMENTS.c.case_id == case).order_by(
                APPOINTMENTS.c.at, APPOINTMENTS.c.route).limit(1)
            row = connection.execute(first).one()
            connection.execute(CASES.update().where(CASES.c.id == case).values(
                case_manager_hash=row.manager_hash,
                **{old: _moved(connection, getattr(row, new), f'appointments.{new}', row.id, f'cases.{old}', case)
                   for old, new in NAMES.items()}))
        last = cases[-1]
    op.drop_table('appointments')


def _moved(connection: Any, sealed: bytes, column: str, record: str, to_column: str, to_record: str) -> bytes:
    """Seal a value for its new place; what was erased stays so, and what cannot be opened goes back as it came."""
    sealed = bytes(sealed)
    try:
        key_id = key_id_of(sealed) if sealed else ''
        key = reading_key(connection, key_id) if key_id else None
        return key and seal(key, key_id, to_column, to_record, open_(key, key_id, column, record, sealed)) or b''
    except Unreadable:
        return sealed
