"""Erases what is due, at the start and once a day; what could not be erased rings at the desk until it could."""
from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.messages import DESK, changed
from bot.database import empty_log, now, writing
from bot.protocol.retention import ROWS
from bot.referrals.retention import due, erase
from bot.referrals.tables import NotErased

log = structlog.get_logger()

SECONDS = 60.0
AGAIN = timedelta(hours=1)
"""When a round is done again in which something could not be erased."""


async def run() -> None:
    """Attend for ever; off the other jobs' way, for a backlog takes its time."""
    last: datetime | None = None
    failed: dict[str, str] = {}
    while True:
        at = now()
        if is_due(at, last, bool(failed)):
            try:
                _, failed = await asyncio.to_thread(one_round)
                last = at
            except Exception as error:  # noqa: BLE001 (a round that fails is tried again, and rings)
                log.error("retention_waits", error=type(error).__name__)
                failed["round"] = type(error).__name__
                with suppress(SQLAlchemyError):
                    await asyncio.to_thread(_note, failed)
        await asyncio.sleep(SECONDS)


def is_due(at: datetime, last: datetime | None, failed: bool) -> bool:
    """Tell whether a round is to begin.

    Args:
        at: the time.
        last: when the last one was done; None at the start.
        failed: whether something could not be erased in it.
    """
    return last is None or last.date() != at.date() or (failed and abs(at - last) > AGAIN)


def one_round(rest: Callable[[float], None] = time.sleep) -> tuple[Counter[str], dict[str, str]]:
    """Erase all that is due now.

    Args:
        rest: called with the seconds that each item took, so that others have the database at least half of the time.

    Returns:
        Rows that went by class, and the kind of the error by what could not be erased.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    gone: Counter[str] = Counter()
    failed: dict[str, str] = {}
    for item in due():
        try:
            while True:
                began = time.monotonic()
                rows = erase(item)
                gone[item.kind] += rows
                rest(time.monotonic() - began)
                if not rows or item.kind not in ROWS:
                    break
        except Exception as error:  # noqa: BLE001 (whatever keeps one item must not keep the others)
            failed[str(item)] = type(error).__name__
            log.error("not_erased", kind=item.kind, error=type(error).__name__)
    _note(failed)
    if gone and not empty_log():
        log.info("log_not_emptied")
    return +gone, failed


def _note(failed: dict[str, str]) -> None:
    """Note what could not be erased, and take off what could, or is not due any more."""
    with writing() as session:
        known = {row.item: row for row in session.execute(select(NotErased)).scalars()}
        session.execute(delete(NotErased).where(NotErased.item.not_in(failed)).execution_options(
            synchronize_session=False))
        for item, error in failed.items():
            if item in known:
                known[item].error = error
            else:
                session.add(NotErased(item=item, error=error, since=now()))
        if known or failed:
            changed(session, DESK, alarm=bool(failed.keys() - known.keys()))
