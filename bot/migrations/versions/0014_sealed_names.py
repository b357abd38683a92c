"""Names, numbers and ids that somebody gave are sealed: of conversations, messages, organisations, invitations, receipts."""
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.security.keys import reading_key, search_hash, transcript_of, writing_key
from bot.security.sealing import KeyErased, key_id_of, open_, seal

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

AT_ONCE = 200
ERASED = b''


@dataclass(frozen=True)
class Column:
    """A column that is sealed: its length before, whether there may be none, and the kind of its hash, if any."""

    name: str
    length: int
    nullable: bool = False
    hashed: str | None = None


SEALED = {
    'conversations': [Column('name', 64, hashed='conversation'), Column('return_key', 24, True, 'return_key')],
    'messages': [Column('external_id', 64, True, 'message')],
    'organisations': [Column('name', 80, hashed='organisation')],
    'invitations': [Column('call_back', 40)],
    'receipts': [Column('receiver', 160), Column('phone', 40), Column('confirmed_by', 80, True)],
}
UNIQUE = {
    'conversations': [['name_hash', 'owner'], ['return_key_hash']],
    'messages': [['conversation_id', 'external_id_hash']],
    'organisations': [['name_hash']],
}
BEFORE = {
    'conversations': [['owner', 'name'], ['return_key']],
    'messages': [['conversation_id', 'external_id']],
    'organisations': [['name']],
}
UNDER = {'messages': ['report_id', 'conversation_id'], 'receipts': ['report_id']}
"""Columns that name whose key seals a row, where it is not its own."""
OWN_KEYS = ('organisations', 'invitations')
"""Tables whose rows had no data key before."""


def upgrade() -> None:
    for table, columns in SEALED.items():
        for column in columns:
            if column.hashed:
                op.add_column(table, sa.Column(f'{column.name}_hash', sa.String(length=64), nullable=True))
        _exchange(table, columns, _sealed, sa.String(), sa.LargeBinary())
        with op.batch_alter_table(table) as batch:
            for names in UNIQUE.get(table, []):
                batch.create_unique_constraint('_'.join([table, *names]), names)


def downgrade() -> None:
    for table, columns in SEALED.items():
        with op.batch_alter_table(table) as batch:
            for names in UNIQUE.get(table, []):
                batch.drop_constraint('_'.join([table, *names]))
            for column in columns:
                if column.hashed:
                    batch.drop_column(f'{column.name}_hash')
        _exchange(table, columns, _plain, sa.LargeBinary(), sa.String())
        with op.batch_alter_table(table) as batch:
            for names in BEFORE.get(table, []):
                batch.create_unique_constraint('_'.join([table, *names]), names)
        if table in OWN_KEYS:
            keys, rows = sa.table('data_keys', sa.column('subject')), sa.table(table, sa.column('id'))
            op.execute(sa.delete(keys).where(keys.c.subject.in_(sa.select(rows.c.id))))


def _exchange(table: str, columns: list[Column], change: Any, before: Any, after: Any) -> None:
    """Put changed values into new columns, batch by batch, then the new columns in place of the old ones."""
    for column in columns:
        kind = sa.String(length=column.length) if change is _plain else after
        op.add_column(table, sa.Column(f'{column.name}_new', kind, nullable=True))
    under = UNDER.get(table, [])
    hashes = [sa.column(f'{column.name}_hash') for column in columns if column.hashed and change is _sealed]
    rows = sa.table(table, sa.column('id'), *map(sa.column, under), *[sa.column(c.name, before) for c in columns],
                    *[sa.column(f'{c.name}_new', after) for c in columns], *hashes)
    query = sa.select(rows.c.id, *[rows.c[name] for name in (*under, *[column.name for column in columns])])
    connection, last = op.get_bind(), ''
    while batch := connection.execute(query.where(rows.c.id > last).order_by(rows.c.id).limit(AT_ONCE)).mappings().all():
        for row in batch:
            new = change(connection, table, columns, row)
            if new:
                connection.execute(sa.update(rows).where(rows.c.id == row['id']).values(new))
        last = batch[-1]['id']
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.drop_column(column.name)
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.alter_column(f'{column.name}_new', new_column_name=column.name, nullable=column.nullable)


def _sealed(connection: Any, table: str, columns: list[Column], row: Any) -> dict[str, Any]:
    """Seal a row; what an old copy brought back although its key was erased since is erased."""
    new: dict[str, Any] = {}
    for column in columns:
        value = row[column.name]
        if value is None:
            continue
        blob = ERASED
        # A chat that was put aside has its id in place of its name.
        if value != row['id']:
            with suppress(KeyErased):
                key_id, key = writing_key(connection, _subject(table, row))
                blob = seal(key, key_id, f'{table}.{column.name}', row['id'], value.encode('utf-8', 'surrogatepass'))
        # PostgreSQL keeps in each row what stood in a column that was dropped.
        new |= {f'{column.name}_new': blob, column.name: _nothing(column, row)}
        if column.hashed and blob:
            new[f'{column.name}_hash'] = search_hash(connection, column.hashed, value)
    return new


def _nothing(column: Column, row: Any) -> str | None:
    """Give what stands where a value was erased: nothing, or the row's id where there must be a name of its own."""
    if column.nullable:
        return None
    return row['id'] if column.hashed else ''


def _subject(table: str, row: Any) -> str:
    if table == 'messages':
        return transcript_of(row['report_id']) if row['report_id'] else row['conversation_id']
    return row['report_id'] if table == 'receipts' else row['id']


def _plain(connection: Any, table: str, columns: list[Column], row: Any) -> dict[str, Any]:
    """Open a row; what was erased comes down as `_nothing`."""
    new: dict[str, Any] = {}
    for column in columns:
        blob = row[column.name]
        key_id = key_id_of(blob) if blob else ''
        key = reading_key(connection, key_id) if key_id else None
        if key is None:
            new[f'{column.name}_new'] = _nothing(column, row)
        else:
            plain = open_(key, key_id, f'{table}.{column.name}', row['id'], blob).decode('utf-8', 'surrogatepass')
            new[f'{column.name}_new'] = plain
    return new
