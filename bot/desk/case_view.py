"""What the page of one case shows, on the screen or printed, put together generically from the catalogue of fields."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel import Locale
from sqlalchemy.orm import Session

from bot.conversations.messages import messages_after
from bot.conversations.tables import Message
from bot.desk.finding import others_like
from bot.desk.masking import unmasked
from bot.desk.queue import Item, people_of, person_line, where, writers_of
from bot.desk.rendering import texts
from bot.protocol.catalogue import OPEN_ANSWERS, Field, fields
from bot.protocol.names import country_name, value_in_words
from bot.protocol.record import build_part
from bot.protocol.routes import ALL_FOREIGN, title
from bot.referrals import cases, reports
from bot.referrals.appointments import appointments_of
from bot.referrals.holds import holds_of
from bot.referrals.receipts import receipts_of
from bot.referrals.responders import in_words
from bot.referrals.tables import Appointment, Hold, Receipt
from bot.referrals.talk import NEW_PERSON
from bot.security.accounts import DESK_ROLES
from bot.security.invitations import binding_of
from bot.security.tables import Account


@dataclass(frozen=True)
class Line:
    """One value of the record, as people read it; `open` where only an open answer was given, `hidden` if masked."""

    label: str
    value: str
    words: str
    source: str
    open: bool
    unsure: bool
    hidden: bool = False


@dataclass(frozen=True)
class CaseView:
    """Everything that the page shows.

    Args:
        opened: the case with the rows around it.
        whole: False where others are in the report whom this page does not tell of, and so nothing that speaks of all.
        record: the record as the API gives it; where it is not whole, what `build_part` gives.
        mine: the officer who looks has the case.
        talks: that officer speaks in the chat now.
        where: place and country.
        people: whom it is about.
        writers: warnings where whoever writes seems to be no responder.
        gone: erased or unreadable, where there is no content to show.
        top: the values that matter first, by field.
        closed_countries: what must not be contacted, in words; empty where nothing is closed.
        responder: whether the responder's device is verified, and as whom.
        on_agreement: countries that open only with the child's agreement, in words.
        sections: (title, lines) of the whole report.
        persons: (person of the record, line that names them, lines).
        routes: (id, title) of the persons' routes, each once.
        managers: (appointment, title of its route) of each case manager of these routes.
        receipts: who has received which route.
        messages: the transcript; none to a case manager.
        hold: the legal hold that stands on the case.
        alike: other cases that may be about the same child or people: line, what they share, whether that is strong.
        hidden: something is masked for whoever looks.
    """

    opened: cases.Opened
    whole: bool
    record: dict[str, Any]
    mine: bool
    talks: bool
    where: str
    people: str
    writers: tuple[str, ...]
    gone: str
    top: dict[str, Line | None]
    closed_countries: str
    responder: str
    on_agreement: str
    sections: list[tuple[str, list[Line]]]
    persons: list[tuple[dict[str, Any], str, list[Line]]]
    routes: list[tuple[str, str]]
    managers: list[tuple[Appointment, str]]
    receipts: list[Receipt]
    messages: list[Message]
    hold: Hold | None
    alike: list[tuple[Item, str, bool]]
    hidden: bool

    @property
    def one_manager(self) -> tuple[str, str]:
        """Name and organisation of the case manager whom all routes have; empty where it is not one."""
        named = {one.route: (one.manager, one.organisation) for one, _ in self.managers}
        found = {named.get(route, ("", "")) for route, _ in self.routes}
        return found.pop() if len(found) == 1 else ("", "")


_TOP = ("danger", "missing", "tonight", "call_back", "suspect_present", "home_secrets")


def look(session: Session, case_id: str, account: Account, route: str | None = None) -> CaseView:
    """Put together what the page of a case shows.

    Args:
        session: any transaction.
        case_id: the case.
        account: who looks.
        route: the route whose page is printed for its receiver; None for the page on the screen.

    Returns:
        What the page shows: to an officer everything, to a case manager the persons of the routes that name them, on
        paper the persons of that route. Beside persons whom it does not show it holds nothing that speaks of all
        together: one rule for both (`bot.protocol.parts`).

    Raises:
        NoSuchCase: there is none that the account sees, or nobody on that route.
        CaseErased: there is nothing left to print.
        Unreadable: the record that is to be printed cannot be read.
    """
    opened = cases.find_seen(session, case_id, account)
    seen = cases.routes_seen(session, account, [case_id])[case_id]
    gone, content = reports.gone(opened.report), reports.content_of(opened.report)
    routes = [one for one in reports.routes_in(session, opened.report) if seen is None or one in seen]
    if route is not None:
        if gone == "erased":
            raise cases.CaseErased(case_id)
        # Raises where an empty page would be printed of a record that is not empty.
        _ = opened.report.data
        if route not in routes:
            raise cases.NoSuchCase(route)
        seen = frozenset({route})
    part = reports.part_for(content, seen)
    record = reports.record_of(session, opened.report)
    if not part.whole:
        record = {"reference": record["reference"], **build_part(content, part, record["country"])}
    mine = opened.case.state == "claimed" and opened.case.owner_id == account.id
    values, clear = record.get("values", {}), unmasked(session, account, opened, part)
    persons = [
        (person, person_line(person), _lines(person["values"], clear(person["id"]))) for person in record["persons"]
    ]
    sections = _sections(values, clear(None))
    return CaseView(
        opened=opened, whole=part.whole, record=record, mine=mine, talks=mine and opened.conversation.state == "human",
        where=where(part.content), people=people_of(opened.report, part), writers=writers_of(part.content), gone=gone,
        top={key: _line(fields()[key], values[key], clear(None)) if values.get(key) else None for key in _TOP},
        closed_countries=closed_in_words(record["firewall"]),
        responder=_responder(session, opened.conversation.owner),
        on_agreement=_names(record["firewall"]["on_agreement"]),
        sections=sections, persons=persons,
        routes=[(one, title(one)) for one in routes],
        managers=[(one, title(one.route)) for one in appointments_of(session, case_id)
                  if seen is None or one.route in seen],
        receipts=[one for one in receipts_of(session, opened.report.id) if seen is None or one.route in seen],
        messages=messages_after(session, opened.conversation.id) if account.role in DESK_ROLES else [],
        hold=next((hold for hold in holds_of(session, [case_id]) if hold.lifted_at is None), None),
        alike=others_like(session, opened.report.id, part, account),
        hidden=any(line.hidden for lines in (*(lines for _, lines in sections), *(lines for _, _, lines in persons))
                   for line in lines),
    )


def _responder(session: Session, owner: str) -> str:
    bound, words = binding_of(session, owner), texts()["responder"]
    return str(words["verified"].format(who=in_words(bound)) if bound else words["unverified"])


def closed_in_words(firewall: dict[str, Any]) -> str:
    """Write which countries must not be contacted; empty where none is closed."""
    closed = firewall.get("closed", [])
    return "*" if ALL_FOREIGN in closed else _names(closed)


def _names(codes: list[str]) -> str:
    return ", ".join(country_name(code) for code in codes)


def _line(field: Field, entry: dict[str, Any], clear: bool) -> Line:
    is_open = bool(entry.get("open"))
    source, unsure = str(texts()["sources"].get(entry.get("source") or "", "")), entry.get("status") == "hedged"
    if field.private and not clear and not is_open:
        return Line(field.label, str(texts()["hidden"]["value"]), "", source, is_open, unsure, hidden=True)
    shown = OPEN_ANSWERS[entry["open"]] if is_open else value_in_words(field.id, entry.get("value"))
    return Line(field.label, shown, entry.get("words") or "", source, is_open, unsure)


def _lines(values: dict[str, Any], clear: bool) -> list[Line]:
    return [_line(field, values[key], clear) for key, field in fields().items() if values.get(key)]


def _sections(values: dict[str, Any], clear: bool) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for key, field in fields().items():
        if field.scope == "report" and values.get(key):
            found.setdefault(field.section, []).append(_line(field, values[key], clear))
    return [(str(texts()["sections"].get(section, section)), lines) for section, lines in found.items()]


def call_form(view: CaseView) -> dict[str, Any]:
    """Give the inputs for answers from a phone call.

    Args:
        view: the case.

    Returns:
        `report`: (section title, fields); `person`: fields; `people`: (id, line) of each person; `new_person`: what
        stands for the id of one more; `countries`: code and name of each country; `open`: the open answers.
    """
    by_section: dict[str, list[Field]] = {}
    for field in fields().values():
        if field.scope == "report":
            by_section.setdefault(field.section, []).append(field)
    return {
        "report": [(texts()["sections"].get(section, section), found) for section, found in by_section.items()],
        "person": [field for field in fields().values() if field.scope == "person"],
        "people": [(person["id"], line) for person, line, _ in view.persons],
        "countries": countries(),
        "new_person": NEW_PERSON,
        "open": OPEN_ANSWERS,
    }


def countries() -> list[tuple[str, str]]:
    """Give code and English name of each country, by name."""
    territories = Locale("en").territories
    found = [(code, str(name)) for code, name in territories.items() if len(code) == 2 and code.isalpha()]
    return sorted((one for one in found if one[0] not in ("EU", "EZ", "UN", "ZZ", "XA", "XB")), key=lambda one: one[1])
