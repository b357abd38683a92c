"""Content is sealed at rest, under a data key for each report or conversation."""
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.protocol.report import new_report
from bot.security.keys import SEARCH, reading_key, search_hash, writing_key
from bot.security.sealing import key_id_of, open_, seal

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

AT_ONCE = 200
# Table, its key, the columns that name its subject, and what is sealed: column, type before, may be none, if erased.
SEALED: list[tuple[str, str, list[str], list[tuple[str, Any, bool, Any]]]] = [
    ('messages', 'id', ['report_id', 'conversation_id'],
     [('text', sa.Text(), False, ''), ('payload', sa.Text(), True, None), ('quick_replies', sa.JSON(), False, '[]')]),
    ('dialogue_states', 'conversation_id', ['conversation_id'], [('events', sa.JSON(), False, '[]')]),
    ('reports', 'id', ['id'],
     [('data', sa.JSON(), False, json.dumps(new_report())), ('reference', sa.String(length=24), True, None)]),
    ('cases', 'id', ['report_id'],
     [('decision_reason', sa.Text(), True, None), ('case_manager', sa.String(length=120), True, None),
      ('case_manager_organisation', sa.String(length=120), True, None)]),
    ('amendments', 'id', ['report_id'], [('text', sa.Text(), False, '')]),
]


def upgrade() -> None:
    op.create_table(
        'data_keys',
        sa.Column('id', sa.String(length=32), primary_key=True),
        sa.Column('subject', sa.String(length=36), nullable=False, unique=True),
        sa.Column('wrapped', sa.LargeBinary(), nullable=True),
        sa.Column('kek_id', sa.String(length=32), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('erased_by', sa.String(length=80), nullable=True),
        sa.Column('erased_reason', sa.String(length=200), nullable=True),
    )
    op.create_index('ix_data_keys_kek_id', 'data_keys', ['kek_id'])
    writing_key(op.get_bind(), SEARCH)
    op.add_column('reports', sa.Column('reference_hash', sa.String(length=64), nullable=True))
    for table, key, under, columns in SEALED:
        _exchange(table, key, under, columns, [sa.LargeBinary() for _ in columns], _seal)
    with op.batch_alter_table('reports') as batch:
        batch.create_unique_constraint('reports_reference_hash', ['reference_hash'])


def downgrade() -> None:
    for table, key, under, columns in SEALED:
        _exchange(table, key, under, columns, [before for _, before, _, _ in columns], _open)
    with op.batch_alter_table('reports') as batch:
        batch.drop_constraint('reports_reference_hash')
        batch.drop_column('reference_hash')
        batch.create_unique_constraint('reports_reference', ['reference'])
    op.drop_table('data_keys')


def _exchange(table: str, key: str, under: list[str], columns: list, types: list, change: Any) -> None:
    """Put changed values into new columns, batch by batch, then the new columns in place of the old ones."""
    names = [name for name, _, _, _ in columns]
    for name, kind in zip(names, types):
        op.add_column(table, sa.Column(f'{name}_new', kind, nullable=True))
    sealed, plain = sa.LargeBinary(), sa.Text()
    before, after = (plain, sealed) if change is _seal else (sealed, plain)
    rows = sa.table(table, sa.column(key), *[sa.column(name) for name in under if name != key],
                    *[sa.column(name, before) for name in names], *[sa.column(f'{name}_new', after) for name in names],
                    sa.column('reference_hash'))
    # As plain text, so that JSON is carried over letter by letter.
    old = [sa.cast(rows.c[name], plain).label(name) if change is _seal else rows.c[name] for name in names]
    connection, last = op.get_bind(), ''
    while True:
        query = sa.select(*[rows.c[name] for name in dict.fromkeys([key, *under])], *old)
        batch = connection.execute(query.where(rows.c[key] > last).order_by(rows.c[key]).limit(AT_ONCE)).mappings().all()
        if not batch:
            break
        for row in batch:
            subject = next(filter(None, (row[name] for name in under)))
            new = {f'{name}_new': change(connection, f'{table}.{name}', row[key], subject, row[name], erased)
                   for name, _, _, erased in columns}
            if change is _seal and row.get('reference'):
                new['reference_hash'] = search_hash(connection, 'reference', row['reference'])
            connection.execute(sa.update(rows).where(rows.c[key] == row[key]).values(new))
        last = batch[-1][key]
    with op.batch_alter_table(table) as batch:
        for name in names:
            batch.drop_column(name)
    with op.batch_alter_table(table) as batch:
        for name, _, nullable, _ in columns:
            batch.alter_column(f'{name}_new', new_column_name=name, nullable=nullable)


def _seal(connection: Any, column: str, record: str, subject: str, value: Any, _: Any) -> Any:
    if value is None:
        return None
    key_id, key = writing_key(connection, subject)
    return seal(key, key_id, column, record, str(value).encode('utf-8', 'surrogatepass'))


def _open(connection: Any, column: str, record: str, _: str, value: Any, erased: Any) -> Any:
    if value is None:
        return None
    key = reading_key(connection, key_id_of(value)) if value else None
    if key is None:
        return erased
    return open_(key, key_id_of(value), column, record, value).decode('utf-8', 'surrogatepass')
