"""Messages have a key of their own, so that they go before the record; certificates of erasures; legal holds."""
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.security.keys import reading_key, transcript_of, writing_key
from bot.security.sealing import KeyErased, Unreadable, key_id_of, open_, seal

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

AT_ONCE = 200
ERASED = b''
COLUMNS = ('text', 'payload', 'quick_replies')
IDS = ('report_id', 'case_id', 'conversation_id')
MESSAGES = sa.table('messages', sa.column('id', sa.String()), sa.column('report_id', sa.String()),
                    sa.column('conversation_id', sa.String()), *[sa.column(c, sa.LargeBinary()) for c in COLUMNS])


def upgrade() -> None:
    op.create_table(
        'erasures',
        sa.Column('id', sa.String(length=40), primary_key=True),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('rule', sa.String(length=200), nullable=False),
        sa.Column('by', sa.String(length=80), nullable=False),
        *[sa.Column(name, sa.String(length=36), nullable=True) for name in IDS],
        sa.Column('reference_hash', sa.String(length=64), nullable=True),
        sa.Column('counts', sa.Text(), nullable=False),
        sa.Column('keys', sa.Text(), nullable=False),
    )
    for name in (*IDS, 'reference_hash'):
        op.create_index(f'ix_erasures_{name}', 'erasures', [name])
    op.create_table(
        'holds',
        sa.Column('id', sa.String(length=36), primary_key=True),
        sa.Column('case_id', sa.String(length=36), nullable=False),
        sa.Column('report_id', sa.String(length=36), nullable=False),
        sa.Column('reason', sa.LargeBinary(), nullable=False),
        sa.Column('set_by', sa.String(length=80), nullable=False),
        sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('lifted_reason', sa.LargeBinary(), nullable=True),
        sa.Column('lifted_by', sa.String(length=80), nullable=True),
        sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index('ix_holds_case_id', 'holds', ['case_id'])
    op.create_table(
        'not_erased',
        sa.Column('item', sa.String(length=60), primary_key=True),
        sa.Column('error', sa.String(length=60), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    )
    _seal_anew(lambda row: transcript_of(row.report_id))


def downgrade() -> None:
    _seal_anew(_before)
    op.execute("DELETE FROM data_keys WHERE subject LIKE 't:%'")
    for table in ('not_erased', 'holds', 'erasures'):
        op.drop_table(table)


def _before(row: Any) -> str:
    """Name the key of the record; that of the chat where the record went before its messages."""
    reports = sa.table('reports', sa.column('id', sa.String()))
    there = op.get_bind().execute(sa.select(reports.c.id).where(reports.c.id == row.report_id)).first()
    return str(row.report_id if there else row.conversation_id)


def _seal_anew(subject: Callable[[Any], str]) -> None:
    connection, last = op.get_bind(), ''
    query = sa.select(MESSAGES).where(MESSAGES.c.report_id.is_not(None)).order_by(MESSAGES.c.id).limit(AT_ONCE)
    while batch := connection.execute(query.where(MESSAGES.c.id > last)).all():
        for row in batch:
            new = {name: _other(connection, row, name, subject(row)) for name in COLUMNS}
            connection.execute(sa.update(MESSAGES).where(MESSAGES.c.id == row.id).values(new))
        last = batch[-1].id


def _other(connection: Any, row: Any, name: str, subject: str) -> bytes | None:
    """Seal a value under another key; what was erased stays erased, and what cannot be opened stays as it is."""
    value = getattr(row, name)
    if not value:
        return value
    column, before = f'messages.{name}', key_id_of(value)
    try:
        key = reading_key(connection, before)
        if key is None:
            return ERASED
        plain = open_(key, before, column, row.id, value)
        return seal(*reversed(writing_key(connection, subject)), column, row.id, plain)
    except KeyErased:
        return ERASED
    except Unreadable:
        return value
