"""The index by which records are found: keyed hashes of names, dates of birth, phones and plates, and nothing else."""
from __future__ import annotations

from collections.abc import Iterable

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from bot.protocol.report import Data
from bot.protocol.search import PHONE, PHONES, Token, tokens_of
from bot.referrals.tables import SearchToken
from bot.security.keys import index_hash, index_key, index_keys
from bot.security.sealing import KeyMissing

log = structlog.get_logger()

IndexKey = tuple[str, bytes]


def usable_key(session: Session) -> IndexKey | None:
    """Give the key to write the index with; None where the key file is away.

    A record is never refused for that: it is stored, and indexed once the file is back (`reindex`).
    """
    try:
        return index_key(session.connection())
    except KeyMissing:
        log.error("not_indexed", error="KeyMissing")
        return None


def index(session: Session, report_id: str, content: Data, here: str, key: IndexKey | None) -> None:
    """Write what a report is found by, in the transaction that stores its content; what no longer holds goes.

    Args:
        session: a writing transaction.
        report_id: the report.
        content: its content.
        here: ISO code of its country.
        key: what `usable_key` gave; it must stand in the report as well.
    """
    wanted = {(hashed(key[1], token), token.kind) for token in tokens_of(content, here)} if key else set()
    query = select(SearchToken.token, SearchToken.kind).where(SearchToken.report_id == report_id)
    stands = {(row.token, row.kind) for row in session.execute(query)}
    for token, kind in stands - wanted:
        session.execute(delete(SearchToken).where(
            SearchToken.report_id == report_id, SearchToken.token == token, SearchToken.kind == kind
        ).execution_options(synchronize_session=False))
    new = [{"token": token, "report_id": report_id, "kind": kind} for token, kind in sorted(wanted - stands)]
    if new:
        session.execute(insert(SearchToken.__table__), new)


def unindex(session: Session, report_id: str) -> None:
    """Take a report out of the index, as when it is erased."""
    session.execute(delete(SearchToken).where(SearchToken.report_id == report_id)
                    .execution_options(synchronize_session=False))


def hashed(key: bytes, token: Token) -> str:
    """Hash a token; phones of every kind are one kind of value."""
    return index_hash(key, PHONE if token.kind in PHONES else token.kind, token.value)


def with_all(session: Session, tokens: Iterable[Token]) -> set[str]:
    """Find the reports that have every one of some tokens.

    Args:
        session: any transaction.
        tokens: at least one.

    Returns:
        Ids of the reports.

    Raises:
        KeyMissing: there is no key file.
    """
    found: set[str] = set()
    for key in index_keys().values():
        # A record has all its tokens under one key: the newest, or an earlier one until it is indexed anew.
        wanted = {hashed(key, token) for token in tokens}
        query = (select(SearchToken.report_id).where(SearchToken.token.in_(wanted)).group_by(SearchToken.report_id)
                 .having(func.count(SearchToken.token.distinct()) == len(wanted)))
        found.update(session.execute(query).scalars())
    return found

