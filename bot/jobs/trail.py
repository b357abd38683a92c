"""Keeps the head of the audit trail outside the database and checks the chain, once a day; in full on Sundays."""
from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.database import now, reading
from bot.jobs import daily
from bot.security import heads
from bot.security.chain import head_of

log = structlog.get_logger()

SECONDS = 60.0
_SUNDAY = 6


async def run() -> None:
    """Keep a head at the start, then attend for ever; off the other jobs' way, for a full check takes its time."""
    starting = True
    while True:
        try:
            await asyncio.to_thread(attend, starting)
            starting = False
        except (SQLAlchemyError, OSError, heads.BrokenHeads) as error:
            log.error("audit_not_checked", error=type(error).__name__)
        try:
            await asyncio.to_thread(daily.attend)
        except SQLAlchemyError as error:
            log.error("day_not_announced", error=type(error).__name__)
        await asyncio.sleep(SECONDS)


def attend(starting: bool = False) -> None:
    """Do what this day (UTC) still lacks: its head, its check.

    Args:
        starting: keep a head although this day has one.

    Raises:
        SQLAlchemyError: the database does not answer.
        OSError: the folder cannot be used.
        BrokenHeads: a file of heads cannot be read.
    """
    if starting or not heads.kept_today():
        with reading() as session:
            head = head_of(session)
        heads.keep(head)
    last, today = heads.last_check(), now()
    if last is None or last.at.date() < today.date():
        fault = heads.check(full=today.weekday() == _SUNDAY).fault
        if fault:
            log.error("audit_broken", number=fault.number, what=fault.what)
