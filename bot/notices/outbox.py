"""Notes what somebody outside must hear, in the transaction of the event, and what became of it."""
from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.database import now
from bot.notices.tables import Notice
from bot.notices.wording import kind_of
from bot.retries import again, is_due, take
from bot.settings import settings

AT_ONCE = 5


@dataclass(frozen=True)
class Letter:
    """A notice that this process has for itself, with all that is needed to send it.

    Args:
        id: the notice's id, the same at each attempt.
        kind: what happened.
        priority: urgent or normal.
        address: a mailbox, or the webhook.
        reference: of the referral, where there is one.
        figures: of the daily notice.
        at: when it happened.
    """

    id: str
    kind: str
    priority: str
    address: str
    reference: str | None
    figures: dict[str, Any] | None
    at: datetime


def addresses(kind: str) -> list[str]:
    """Give the addresses that a kind of notice goes to, each once; none where nothing is set."""
    named = settings().notices
    groups = {"duty": named.duty, "supervisors": named.supervisors, "webhook": (named.webhook,)}
    return list(dict.fromkeys(one for group in kind_of(kind).to for one in groups[group] if one))


def announce(session: Session, kind: str, priority: str, report_id: str | None = None,
             figures: dict[str, Any] | None = None) -> None:
    """Note that people outside must hear of something.

    Args:
        session: the writing transaction of the event, so that there is never one without the other.
        kind: what happened.
        priority: urgent or normal.
        report_id: the report that it is about.
        figures: of the daily notice.
    """
    for address in addresses(kind):
        # While the same has not left yet, saying it twice helps nobody; each day has figures of its own.
        waiting = select(Notice.id).filter_by(kind=kind, priority=priority, address=address, report_id=report_id,
                                              state="waiting")
        if figures is not None or session.execute(waiting.limit(1)).first() is None:
            session.add(Notice(id=str(uuid.uuid4()), kind=kind, priority=priority, address=address,
                               report_id=report_id, figures=figures, state="waiting", attempts=0, due_at=now(),
                               created_at=now()))
            session.flush()


def announced_since(session: Session, kind: str, at: datetime) -> bool:
    """Tell whether a kind of notice was noted since a time."""
    return session.execute(select(Notice.id).where(Notice.kind == kind, Notice.created_at >= at).limit(1)
                           ).first() is not None


def take_due(session: Session) -> list[Notice]:
    """Take notices that are due, the oldest first.

    Args:
        session: a writing transaction.

    Returns:
        What this process must send now; nobody else does so for a while.
    """
    query = select(Notice).where(is_due(Notice, now())).order_by(Notice.due_at).limit(AT_ONCE)
    taken = []
    for notice in session.execute(query.with_for_update(skip_locked=True)).scalars().all():
        if notice.address not in addresses(notice.kind):
            # Whom the settings no longer name hears nothing any more.
            _end(notice, "dropped", None)
        elif take(session, notice, now()):
            taken.append(notice)
    return taken


def sent(session: Session, letter: Letter) -> None:
    """Note that a notice left; whatever else waits for its address goes now, for somebody takes it there again."""
    _end(session.get(Notice, letter.id, with_for_update=True), "sent", None)
    _go_now(session, letter.address)


def not_sent(session: Session, letter: Letter, error: str) -> bool:
    """Note that a notice did not leave: it is tried again, or given up.

    Args:
        session: a writing transaction.
        letter: what was to be sent.
        error: kind of the failure, without content.

    Returns:
        Whether it was given up for good.
    """
    notice = session.get(Notice, letter.id, with_for_update=True)
    # Another sender, for whom this one was dead, may have brought it to an end.
    if notice.state != "waiting" or again(notice, error, now()):
        return False
    _end(notice, "failed", error)
    return True


def note_test(session: Session, letter: Letter) -> None:
    """Note that a test left: what was given up before is no alarm any more, and what waits goes now."""
    _go_now(session, letter.address)
    session.add(Notice(id=letter.id, kind=letter.kind, priority=letter.priority, address=letter.address,
                       state="sent", attempts=1, due_at=letter.at, created_at=letter.at, finished_at=now()))


def given_up(session: Session) -> bool:
    """Tell whether an address does not get its notices: one was given up, and none has arrived there since."""
    failed = select(Notice.address, func.max(Notice.finished_at)).where(Notice.state == "failed")
    for address, at in session.execute(failed.group_by(Notice.address)):
        arrived = select(Notice.id).where(Notice.address == address, Notice.state == "sent", Notice.finished_at > at)
        if address in addresses("test") and session.execute(arrived.limit(1)).first() is None:
            return True
    return False


def _go_now(session: Session, address: str) -> None:
    # Without an error somebody is sending it at this moment.
    session.execute(
        update(Notice).where(Notice.address == address, Notice.state == "waiting", Notice.error.is_not(None))
        .values(due_at=now()).execution_options(synchronize_session=False)
    )


def _end(notice: Notice, state: str, error: str | None) -> None:
    notice.state, notice.error, notice.finished_at = state, error, now()
