"""The content of one report: values with their status and words, persons, and signs."""
from __future__ import annotations

from copy import deepcopy
from typing import Any

from bot.protocol.catalogue import OPEN_ANSWERS, fields

Data = dict[str, Any]


def new_report() -> Data:
    """Make an empty report.

    Returns:
        `values`: report-wide values by field; `persons`: each with an id, a count and own values; `signs`: by
        indicator id; `asked`: questions answered or passed, in order; `account`: what the responder wrote.
    """
    return {"values": {}, "persons": [], "signs": {}, "asked": [], "account": [], "discreet": False, "full": False,
            "advised": [], "age_problem": None, "age_problem_asked": False, "about_a_person": False}


def value(report: Data, field: str, person: Data | None = None) -> Any:
    """Look up what is known.

    Args:
        report: the report.
        field: id of a field.
        person: the person meant, where the field is a person's; the first one where none is given.

    Returns:
        The value; None where it is not known, was denied as unknowable, or only an open answer was given.
    """
    entry = entry_of(report, field, person)
    return entry["value"] if entry and entry.get("open") is None else None


def entry_of(report: Data, field: str, person: Data | None = None) -> Data | None:
    """Give the whole entry of a value: value, status, source, words, and the open answer where one was given."""
    if fields()[field].scope == "person":
        person = person or (report["persons"][0] if report["persons"] else None)
        return person["values"].get(field) if person else None
    return report["values"].get(field)


def put(report: Data, field: str, new: Any, *, source: str, words: str = "", status: str = "stated",
        person: Data | None = None) -> None:
    """Store a value; a person's value without a named person goes to every person of the report.

    Args:
        report: the report, changed in place.
        field: id of a field.
        new: the value; an open answer (unknown, not_yet, not_safe) is stored as such.
        source: message, answer, officer or channel.
        words: the words that it came from.
        status: stated, hedged or denied.
        person: the person meant.
    """
    entry: Data = {"value": new, "status": status, "source": source, "words": words}
    if isinstance(new, str) and new in OPEN_ANSWERS:
        entry = {"value": None, "status": status, "source": source, "words": words, "open": new}
    if fields()[field].scope == "report":
        _store(report["values"], field, entry)
        return
    if not report["persons"]:
        add_person(report)
    for one in [person] if person else report["persons"]:
        _store(one["values"], field, deepcopy(entry))


def _store(values: Data, field: str, entry: Data) -> None:
    old = values.get(field)
    several = fields()[field].kind in ("list", "countries")
    if several and old and isinstance(old["value"], list) and isinstance(entry["value"], list):
        entry["value"] = list(dict.fromkeys([*old["value"], *entry["value"]]))
    values[field] = entry


def add_person(report: Data, count: int = 1) -> Data:
    """Add a person to a report.

    Args:
        report: the report, changed in place.
        count: how many alike.

    Returns:
        The new person, of whom nothing is known yet.
    """
    person: Data = {"id": f"p{len(report['persons']) + 1}", "count": count, "values": {}}
    report["persons"].append(person)
    return person


def signs_present(report: Data) -> dict[str, Data]:
    """Give the signs that were not denied."""
    return {key: sign for key, sign in report["signs"].items() if sign["seen"] != "denied"}


def in_danger(report: Data) -> bool:
    """Tell whether danger or a missing child was stated or answered."""
    return value(report, "danger") == "yes" or value(report, "missing") == "now"
