"""What is due by the profile's periods: how each class is found, counted and erased, one item in each transaction."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, false, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.conversations.messages import hold_if_free
from bot.conversations.tables import Conversation, Delivery, DialogueState, Message
from bot.crash_points import reached
from bot.database import now, reading, writing
from bot.protocol.profile import periods
from bot.protocol.retention import CLASSES, ROWS, Periods
from bot.referrals.clearing import Clearing
from bot.referrals.drafts import about_a_child
from bot.referrals.passing import delete_some, passing
from bot.referrals.reports import open_case
from bot.referrals.tables import Case, Hold, Report
from bot.security import audit
from bot.security.certificates import Of, certify
from bot.settings import settings

ACTOR = "retention"
AT_ONCE = 100
"""Items that are looked up at a time; each is erased in a transaction of its own."""


@dataclass(frozen=True)
class Item:
    """What is due of a class: a conversation, a case, or (without ids) some rows."""

    kind: str
    id: str = ""
    conversation_id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Outlook:
    """How one class stands.

    Args:
        kind: the class.
        days: its period.
        due: how many items would go now.
        held: how many a legal hold keeps beyond their period.
        next_at: when the next one is due.
    """

    kind: str
    days: int
    due: int
    held: int
    next_at: datetime | None


def outlook() -> list[Outlook]:
    """Say what would go now, without erasing anything."""
    found = []
    with reading() as session:
        for kind, period in _periods().items():
            cut = now() - period.length
            if kind in ROWS:
                due = sum(_count(session, table, which) for table, which in passing(kind, cut))
                found.append(Outlook(kind, period.days, due, 0, None))
                continue
            rows = _ended(kind).subquery()
            over = rows.c.since <= cut
            count = select(func.count()).select_from(rows)
            due, held = (session.execute(count.where(over, which)).scalar_one()
                         for which in (~rows.c.held, rows.c.held))
            since = session.execute(select(func.min(rows.c.since)).where(~over, ~rows.c.held)).scalar()
            found.append(Outlook(kind, period.days, due, held, since and since + period.length))
    return found


def _count(session: Session, table: Any, which: Any) -> int:
    return int(session.execute(select(func.count()).select_from(table).where(which)).scalar_one())


def _periods() -> Periods:
    return periods(settings().profile)


def due() -> Iterator[Item]:
    """Give what is due, class by class, looked up some at a time while the caller erases it.

    Raises:
        SQLAlchemyError: the database does not answer.
        BrokenData: the profile is broken.
    """
    for kind in CLASSES:
        if kind in ROWS:
            yield Item(kind)
            continue
        last = ""
        while True:
            with reading() as session:
                rows = _due(kind).order_by("id").limit(AT_ONCE)
                found = session.execute(rows.where(rows.selected_columns.id > last)).all()
            if not found:
                break
            yield from (Item(kind, row.id, row.conversation_id) for row in found)
            last = found[-1].id


def erase(item: Item) -> int:
    """Erase one item, if it is still due, and leave its certificate.

    Args:
        item: from `due`.

    Returns:
        How many rows went; 0 where it is not due any more, or somebody is writing in its chat this moment. Of a class
        of rows only some go; call it again while it is not 0.

    Raises:
        SQLAlchemyError: the database does not answer.
        SealError: a key cannot be reached.
    """
    with writing() as session:
        gone = _some_rows(session, item.kind) if item.kind in ROWS else _one(session, item)
        session.flush()
        reached("retention.before_commit")
    reached("retention.committed")
    return gone


def _rule(kind: str) -> str:
    return f"{kind}: {_periods()[kind].days} days, profile {settings().profile}"


def _some_rows(session: Session, kind: str) -> int:
    counts, keys = delete_some(session, kind, now() - _periods()[kind].length, ACTOR, _rule(kind))
    if counts:
        certify(session, kind, _rule(kind), ACTOR, Of(), counts, keys)
    return sum(counts.values())


def _one(session: Session, item: Item) -> int:
    conversation = hold_if_free(session, item.conversation_id)
    rows = _due(item.kind)
    if conversation is None or session.execute(rows.where(rows.selected_columns.id == item.id)).first() is None:
        return 0
    clearing = Clearing(session, ACTOR, _rule(item.kind))
    if item.kind in ("advice", "transcript"):
        if _put_on_the_desk(session, conversation):
            return 0
        of = Of(conversation_id=item.id)
        if item.kind == "advice":
            clearing.conversation(conversation)
            audit.note(session, ACTOR, "conversation.erased", item.id)
        else:
            clearing.transcript(conversation)
            audit.note(session, ACTOR, "transcript.erased", item.id)
    else:
        case = session.get(Case, item.id)
        report = session.get(Report, case.report_id)
        of = Of(report.id, case.id, case.conversation_id, report.reference_hash)
        session.expunge(case)
        clearing.record(report)
        audit.note(session, ACTOR, "record.erased", of.report_id)
    certify(session, item.kind, clearing.why, ACTOR, of, clearing.counts, clearing.keys)
    return sum(clearing.counts.values())


def _put_on_the_desk(session: Session, conversation: Conversation) -> bool:
    """Open a case for each draft about a child that the desk never had: jobs that stood still must not cost it."""
    without = ~exists().where(Case.report_id == Report.id)
    query = select(Report).where(Report.conversation_id == conversation.id, Report.dropped_at.is_(None), without)
    drafts = [report for report in session.execute(query).scalars() if about_a_child(report)]
    for report in drafts:
        open_case(session, report, conversation, "unfinished")
    return bool(drafts)


def _due(kind: str) -> Any:
    rows = _ended(kind).subquery()
    cut = now() - _periods()[kind].length
    return select(rows.c.id, rows.c.conversation_id).where(rows.c.since <= cut, ~rows.c.held)


def _ended(kind: str) -> Any:
    """Give what of a class has ended: id, conversation, since when its period runs, and whether a hold keeps it."""
    if kind == "advice":
        query = select(Conversation.id.label("id"), Conversation.updated_at.label("since"), false().label("held"))
        query = query.where(~exists().where(Case.conversation_id == Conversation.id))
    elif kind == "transcript":
        # Counted from the last closing; a chat that is still in use has not ended.
        quiet = Conversation.updated_at <= now() - _periods()["advice"].length
        something = or_(*(exists().where(table.conversation_id == Conversation.id)
                          for table in (Message, DialogueState)))
        last = select(func.max(Case.closed_at)).where(Case.conversation_id == Conversation.id).scalar_subquery()
        query = select(Conversation.id.label("id"), last.label("since"), _held_in_chat().label("held")).where(
            exists().where(Case.conversation_id == Conversation.id), quiet, something,
            ~exists().where(Case.conversation_id == Conversation.id, Case.state != "closed"))
    else:
        held = exists().where(Hold.case_id == Case.id, Hold.lifted_at.is_(None))
        query = select(Case.id.label("id"), Case.closed_at.label("since"), held.label("held")).join(
            Conversation, Conversation.id == Case.conversation_id).where(Case.kind == kind, Case.state == "closed")
    return query.add_columns(Conversation.id.label("conversation_id")).where(*_nothing_waits())


def _held_in_chat() -> ColumnElement[bool]:
    return exists().where(and_(Hold.case_id == Case.id, Case.conversation_id == Conversation.id,
                               Hold.lifted_at.is_(None)))


def _nothing_waits() -> list[ColumnElement[bool]]:
    return [~exists().where(table.conversation_id == Conversation.id, table.state == "waiting")
            for table in (Message, Delivery)]
