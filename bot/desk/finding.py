"""The search box of the desk: by reference, name, date of birth, phone or plate; what it tells, the queue tells too."""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import reading, writing
from bot.desk.queue import Item, items_of
from bot.desk.rendering import texts
from bot.protocol.catalogue import fields
from bot.protocol.parts import Part
from bot.protocol.report import Data, new_report
from bot.protocol.search import Token, tokens_of
from bot.referrals.cases import routes_seen, seen_by, sees
from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference, content_of, here_for, part_for
from bot.referrals.search import alike, search
from bot.referrals.tables import Case, Report
from bot.security import audit
from bot.security.accounts import DESK_ROLES
from bot.security.sealing import KeyMissing
from bot.security.tables import Account

LONGEST_TYPED = 120
MOST_FOUND = 50
MOST_ALIKE = 10


def find_by_reference(typed: str, account: Account) -> str | None:
    """Find the case of a reference.

    Args:
        typed: the reference, as somebody reads it out.
        account: who looks; the look is noted.

    Returns:
        Id of the case; None where there is none that the account sees.
    """
    with writing() as session:
        report = by_reference(session, str(clean_reference(typed)))
        case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one() if report else None
        if case is None or not sees(session, account, case):
            return None
        audit.note(session, account.name, "case.found", case.id)
        return str(case.id)


def find_by_words(typed: str, account: Account) -> list[tuple[Item, str]]:
    """Find cases by a name or parts of one, a date of birth, a phone or a plate.

    Args:
        typed: what was typed; of it only its kind is noted, and how many cases were shown.
        account: who looks.

    Returns:
        Lines of the cases that the account sees, the surest first, each with what it was found by.

    Raises:
        KeyMissing: there is no key file.
    """
    shown: list[tuple[Item, str]] = []
    kind, known = "nothing", set[str]()
    with reading() as session:
        for one in search(session, typed, here_for(new_report())):
            kind = one.by if kind == "nothing" else kind
            theirs = _own_tokens(session, account, one.reports)
            found = {report for report in one.reports if set(one.tokens) <= theirs.get(report, set(one.tokens))} - known
            known |= found
            items = items_of(session, account, found, MOST_FOUND - len(shown))
            shown += [(item, str(texts()["found"][one.by])) for item in items]
            if len(shown) == MOST_FOUND:
                # What is less sure would not be shown any more.
                break
    with writing() as session:
        audit.note(session, account.name, "cases.searched", f"{kind} {len(shown)}")
    return shown


def _own_tokens(session: Session, account: Account, found: Collection[str]) -> dict[str, set[Token]]:
    """Give what the persons are found by of whom an account may read, in reports that it sees a part of alone.

    The index cannot tell whose a token is; so the persons' own are made from the report.
    """
    if account.role in DESK_ROLES:
        return {}
    query = select(Case.id, Report).join(Report, Report.id == Case.report_id).where(
        Report.id.in_(found), seen_by(session, account))
    rows = session.execute(query).all()
    seen = routes_seen(session, account, [row.id for row in rows])
    parts = {row.Report.id: part_for(content_of(row.Report), seen.get(row.id, frozenset())) for row in rows}
    return {report: _tokens(part) for report, part in parts.items() if not part.whole}


def _tokens(part: Part) -> set[Token]:
    return tokens_of(_of_persons(part), here_for(part.content))


def _of_persons(part: Part) -> Data:
    """Give of a part what it may be found by: a name or phone of the whole report may be somebody else's."""
    if part.whole:
        return part.content
    values = part.content["values"].items()
    return {**part.content, "values": {key: entry for key, entry in values if fields()[key].found_by is None}}


def others_like(session: Session, report_id: str, part: Part, account: Account) -> list[tuple[Item, str, bool]]:
    """Give the cases that may be about the same child or the same people.

    Args:
        session: any transaction.
        report_id: the report of the case that is looked at.
        part: the part of it that is looked at.
        account: who looks.

    Returns:
        Lines of the cases that the account sees, with what they share and whether that is hardly by chance.
    """
    try:
        found = {one.report: one for one in alike(
            session, report_id, _of_persons(part), lambda others: _own_tokens(session, account, others))}
    except KeyMissing:
        # The case is worth more than what is like it.
        return []
    said: dict[str, Any] = texts()["alike"]
    lines = [(item, str(said[found[item.case.report_id].by]), found[item.case.report_id].strong)
             for item in items_of(session, account, found, len(found))]
    return sorted(lines, key=lambda line: not line[2])[:MOST_ALIKE]
