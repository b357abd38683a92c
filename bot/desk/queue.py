"""The queue of the desk: one list, danger first, then waiting time."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from bot.conversations.tables import Conversation, Message
from bot.database import now
from bot.desk import waiting
from bot.desk.rendering import texts
from bot.protocol.names import country_name, value_in_words
from bot.protocol.parts import Part
from bot.protocol.report import Data, entry_of, value
from bot.protocol.routes import presumed_child, routes_of, title
from bot.referrals.cases import routes_seen, seen_by
from bot.referrals.reports import content_of, gone, here_for, part_for, profile_for, readable
from bot.referrals.tables import Case, Receipt, Report
from bot.security.accounts import DESK_ROLES
from bot.security.tables import Account

SHOWN = 50
"""Lines of a page. Each one is opened and read, so this decides how long a page takes, however many cases there are."""


@dataclass(frozen=True)
class Item:
    """One line of the queue; to a case manager it tells of the persons of their routes alone.

    Args:
        case: the case.
        where: place and country of the encounter.
        people: whom it is about.
        routes: (id, title) of each route.
        owner: display name of the officer who has it.
        reference: of a referral.
        writers: warnings where whoever writes seems to be no responder.
        danger_answer: where no danger is known: `asked` (and denied), `open` (asked, not known) or `not_asked`.
        rings: nobody has claimed it, or its responder asks for a person again.
        late: the time that the profile gives for claiming is over.
        unanswered: the responder has written last, to a person.
        waits_since: since when it waits, or was claimed.
    """

    case: Case
    where: str
    people: str
    routes: tuple[tuple[str, str], ...]
    owner: str | None
    reference: str | None
    writers: tuple[str, ...]
    danger_answer: str
    rings: bool
    late: bool
    unanswered: bool
    waits_since: datetime


@dataclass(frozen=True)
class Page:
    """One page of the queue.

    Args:
        items: its lines.
        number: which page it is, from 1.
        pages: how many there are.
        counts: how many cases there are in all, of each receiver, and of one's own.
    """

    items: list[Item]
    number: int
    pages: int
    counts: waiting.Counts


@dataclass(frozen=True)
class Bell:
    """What is to be heard: how many cases ring, and how many of them with danger or a missing child."""

    ringing: int
    danger: int


def bell(session: Session, account: Account) -> Bell | None:
    """Count what rings; None to whoever is no officer and hears no bell."""
    return Bell(*waiting.ringing(session)) if account.role in DESK_ROLES else None


def queue(session: Session, account: Account, shown: str = "", number: int = 1) -> Page:
    """Give one page of the queue.

    Args:
        session: any transaction.
        account: who looks.
        shown: a receiver's route, `mine`, `closed` for the cases that were closed last, or nothing for all that wait.
        number: which page; one after the last is the last one.

    Returns:
        Cases that the account sees: those that want somebody first (unclaimed, or with a message that nobody answered),
        in each part danger first, then the one that waits longest.
    """
    cases = waiting.Waiting(session, account)
    counts = cases.counts()
    pages = 1 if shown == "closed" else max(1, -(-counts.of(shown) // SHOWN))
    number = min(max(number, 1), pages)
    ids = cases.closed(SHOWN) if shown == "closed" else cases.part(shown, SHOWN, (number - 1) * SHOWN)
    return Page(_items(session, account, ids), number, pages, counts)


def items_of(session: Session, account: Account, reports: Collection[str], most: int) -> list[Item]:
    """Give the lines of the cases of some reports, open or closed, the newest first; only those that the account sees.

    Args:
        session: any transaction.
        account: who looks.
        reports: ids of the reports.
        most: how many at most.
    """
    query = (select(Case.id).where(Case.report_id.in_(reports), seen_by(session, account))
             .order_by(Case.opened_at.desc(), Case.id).limit(most))
    return _items(session, account, list(session.execute(query).scalars()))


def _items(session: Session, account: Account, ids: Sequence[str]) -> list[Item]:
    last = aliased(Message)
    newest = select(func.max(Message.seq)).where(
        Message.conversation_id == Case.conversation_id, Message.author.in_(("responder", "human"))
    ).correlate(Case).scalar_subquery()
    query = (
        select(Case, Report, Conversation.state.label("chat"), Account.display_name.label("owner"), last.author,
               last.created_at.label("said_at"))
        .join(Report, Report.id == Case.report_id)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .outerjoin(Account, Account.id == Case.owner_id)
        .outerjoin(last, and_(last.conversation_id == Case.conversation_id, last.seq == newest))
        .where(Case.id.in_(ids))
    )
    rows = {row.Case.id: row for row in session.execute(query)}
    kept: dict[str, list[str]] = {}
    reports = [row.Report.id for row in rows.values()]
    for report, route in session.execute(select(Receipt.report_id, Receipt.route)
                                         .where(Receipt.report_id.in_(reports))):
        kept.setdefault(report, []).append(route)
    seen = routes_seen(session, account, ids)
    return [_item(rows[case], kept.get(rows[case].Report.id), seen[case]) for case in ids if case in seen]


def _item(row: Any, sent: list[str] | None, seen: frozenset[str] | None) -> Item:
    case, whole = row.Case, content_of(row.Report)
    part = part_for(whole, seen)
    data, routes = part.content, sent or routes_of(whole, here_for(whole))
    again = case.state == "claimed" and row.chat == "waiting"
    written = row.author == "responder" and (case.claimed_at is None or row.said_at > case.claimed_at)
    unanswered = case.state == "claimed" and row.chat == "human" and written
    limit = profile_for(data)[0].limits["claim_minutes_danger" if case.danger or case.missing else "claim_minutes"]
    return Item(
        case=case,
        where=where(data),
        people=people_of(row.Report, part),
        routes=tuple((route, title(route)) for route in routes if seen is None or route in seen),
        owner=row.owner,
        reference=row.Report.reference if readable(row.Report) else None,
        writers=writers_of(data),
        danger_answer=_danger_answer(data),
        rings=case.state == "open" or again or (unanswered and (case.danger or case.missing)),
        late=case.state == "open" and now() - case.opened_at > timedelta(minutes=limit),
        unanswered=unanswered,
        waits_since=case.opened_at if case.state == "open" else case.closed_at or case.claimed_at or case.opened_at,
    )


def _danger_answer(data: Data) -> str:
    entry = entry_of(data, "danger")
    # Only the question, answered, says that there is none.
    if entry is None or entry["source"] == "message":
        return "not_asked"
    return "open" if entry.get("open") else "asked"


def writers_of(data: Data) -> tuple[str, ...]:
    """Give the warnings where whoever writes seems to be no responder."""
    return tuple(words for flag, words in texts()["writers"].items() if data.get(flag))


def where(data: Data) -> str:
    """Write where it happens: place, and country where one is known."""
    country = value(data, "country")
    parts = [value(data, "place"), country_name(country) if country else None]
    return ", ".join(str(part) for part in parts if part)


def people_of(report: Report, part: Part) -> str:
    """Write whom a part of a report is about, or that the report's content is gone."""
    if gone(report):
        return str(texts()["people"][gone(report)])
    return people(part.content) if part.whole or part.persons else str(texts()["people"]["elsewhere"])


def people(data: Data) -> str:
    """Write whom a report is about, such as "girl, about 14"."""
    lines = [person_line(person) for person in data["persons"]]
    return "; ".join(lines) or str(texts()["people"]["nobody"])


def person_line(person: Data) -> str:
    """Write whom one entry of a report is about."""
    words = texts()["people"]
    values, count = person["values"], person.get("count", 1)
    sex = (values.get("sex") or {}).get("value")
    child = presumed_child(person) is not False
    one = {"female": ("girl", "woman"), "male": ("boy", "man")}.get(str(sex), ("child", "adult"))[0 if child else 1]
    several = {"child": "children", "woman": "women", "man": "men"}.get(one, f"{one}s")
    who = str(words[one])
    if count > 1:
        who = words["counted"].format(count=count, who=words[several])
    age = (values.get("age") or {}).get("value")
    return who if age is None else str(words["about"].format(who=who, age=value_in_words("age", age)))
