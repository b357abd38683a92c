"""How the content of a report is put into words: values, lines of the play-back, and who is meant."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.protocol.catalogue import OPEN_STATES, fields, text
from bot.protocol.indicators import indicators
from bot.protocol.names import value_in_words
from bot.protocol.profile import Profile
from bot.protocol.report import Data, signs_present
from bot.protocol.routes import presumed_child

CHANGE = "#change:"
"""Begins what a tap on a line of the play-back sends; the field's id follows, for a person `id@person`."""

MEANT = "#meant:"
"""Begins what a tap on an answer sends that may have been meant; its id follows."""


@dataclass(frozen=True)
class Reply:
    """One message of the assistant; `quick_replies` are (payload, title) pairs."""

    text: str
    quick_replies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of the play-back: what was understood, from which words, and how sure."""

    key: str
    label: str
    value: str
    words: str
    sure: bool

    @property
    def shown(self) -> str:
        """The line as people read it."""
        return f"{self.label}: {self.value}{'' if self.sure else text('unsure_mark')}"


@dataclass(frozen=True)
class Setting:
    """What surrounds a turn.

    Args:
        profile: whose numbers and names are given.
        own: False where the profile stands in for a country that has none here.
        here: ISO code of the country of the case.
        officer_present: a duty officer is signed in at this moment.
    """

    profile: Profile
    own: bool
    here: str
    officer_present: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def whom(report: Data) -> str:
    """Say whom the case is about: the child, the children, or the person."""
    children = [p for p in report["persons"] if presumed_child(p) is not False]
    if report["persons"] and not children:
        return text("person")
    return text("children" if sum(p["count"] for p in children) > 1 else "child")


def person_in_words(report: Data, person: Data) -> str:
    """Name one of several persons: number, and what tells them apart.

    Args:
        report: the report.
        person: one of its persons.

    Returns:
        Such as "Person 2 (male, 9)".
    """
    known = describe(person)
    number = text("summary_person", number=report["persons"].index(person) + 1)
    return f"{number} ({known})" if known else number


def describe(person: Data) -> str:
    """Give what tells a person apart, such as "male, 9"; empty where neither sex nor age is known."""
    known = [value_in_words(field_id, entry["value"]) for field_id in ("sex", "age")
             if (entry := person["values"].get(field_id)) and entry.get("open") is None]
    return ", ".join(known)


def fill(template: str, report: Data, setting: Setting, **more: Any) -> str:
    """Fill the braces of a text from data.

    Args:
        template: the text.
        report: the report, for who is meant.
        setting: for numbers and names.
        **more: further values.

    Returns:
        The sentence; its verbs follow who is meant.
    """
    who = whom(report)
    several = who == text("children")
    verbs = {"is": "are", "Is": "Are", "Has": "Have", "does": "do", "was": "were"}
    profile = setting.profile
    return template.format(
        child=who, Child=who[0].upper() + who[1:], emergency=profile.emergency, duty_phone=profile.duty.phone,
        child_protection_name=profile.child_protection.name, child_protection_phone=profile.child_protection.phone,
        **{one: many if several else one for one, many in verbs.items()}, **more,
    )


def lines(report: Data) -> list[Line]:
    """Give everything that the report holds and a chat may show, line by line, for the summary.

    Args:
        report: the report.

    Returns:
        Persons first, then the case, then the signs; open answers are shown as such.
    """
    found = []
    several = len(report["persons"]) > 1
    for number, person in enumerate(report["persons"], start=1):
        for field_id, entry in person["values"].items():
            if fields()[field_id].private or (field_id == "child" and _told_by_age(person)):
                continue
            label = fields()[field_id].label
            if several:
                label = f"{text('summary_person', number=number)}, {label.lower()}"
            count = f" ({person['count']} persons)" if field_id in ("age", "child") and person["count"] > 1 else ""
            found.append(_line(f"{field_id}@{person['id']}" if several else field_id, label, field_id, entry, count))
    found += [_line(field_id, fields()[field_id].label, field_id, entry)
              for field_id, entry in report["values"].items() if not fields()[field_id].private]
    catalogue = indicators()
    for sign, seen in signs_present(report).items():
        if sign in catalogue:
            found.append(Line(sign, text("sign"), catalogue[sign].label, seen["words"],
                              bool(seen["sure"])))
    return found


def _told_by_age(person: Data) -> bool:
    """Tell whether the age line already says whether this is a child."""
    age = person["values"].get("age", {}).get("value")
    child = person["values"].get("child", {}).get("value")
    return age is not None and child != "unclear"


def _line(key: str, label: str, field_id: str, entry: Data, more: str = "") -> Line:
    if entry.get("open"):
        shown = OPEN_STATES[entry["open"]]
    else:
        shown = value_in_words(field_id, entry["value"])
        if entry["status"] == "hedged":
            shown += text("hedged_mark")
    return Line(key, label, shown + more, entry.get("words", ""), True)
