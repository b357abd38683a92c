"""Which part of a report may be read by whoever looks after the persons of some of its routes, and not of all."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bot.protocol.catalogue import fields
from bot.protocol.report import Data, new_report
from bot.protocol.routes import ALL_FOREIGN, Firewall, firewall, linked_countries, routes_by_person

ABOUT_THE_WRITER = ("possible_controller", "possible_victim_writes")
"""Warnings of a report about whoever writes: they hold for everybody who may call the number back."""


@dataclass(frozen=True)
class Part:
    """What of a report may be read.

    Args:
        whole: all of it, so that nothing else here matters but the report itself.
        persons: ids of the persons.
        content: these persons, and of what is said of the whole report only what says nothing of a single person; none
            of it with the words that it came from, as one sentence often speaks of several.
        wall: the countries that must not be contacted about these persons.
    """

    whole: bool
    persons: frozenset[str]
    content: Data
    wall: Firewall


def part_of(report: Data, here: str, routes: Collection[str] | None) -> Part:
    """Cut out of a report what may be read by whoever looks after the persons of some routes.

    What speaks of all together (signs, fears, wishes, free words) is kept out wherever somebody in the report is on
    another route than these.

    Args:
        report: the report.
        here: ISO code of the country of the case.
        routes: the routes; None for whoever reads everything.

    Returns:
        The part. A person whose route has changed belongs to the route that is theirs now.
    """
    each = routes_by_person(report, here)
    if routes is None or set(each.values() or ["consult"]) <= set(routes):
        return Part(True, frozenset(each), report, firewall(report, here))
    persons = [person for person in report["persons"] if each[person["id"]] in routes]
    content = {
        **new_report(),
        **{flag: report[flag] for flag in ABOUT_THE_WRITER if flag in report},
        "values": _without_words({key: entry for key, entry in report["values"].items() if fields()[key].common}),
        "persons": [{**person, "values": _without_words(person["values"])} for person in persons],
    }
    return Part(False, frozenset(person["id"] for person in persons), content, _wall(report, persons, here))


def _without_words(values: dict[str, Any]) -> dict[str, Any]:
    return {key: {**entry, "words": ""} for key, entry in values.items()}


def _wall(report: Data, persons: list[Data], here: str) -> Firewall:
    """Find the countries closed for some persons: none opens that the report closes, and none of others is named."""
    alone = {key: told for key, told in report.items() if key != "several_nationalities"}
    whole, own = firewall(report, here), firewall({**alone, "persons": persons}, here)
    if ALL_FOREIGN in (*whole.closed, *own.closed):
        return Firewall(whole.standing, whole.known, (ALL_FOREIGN,))
    linked = set[str]().union(*(linked_countries(person, here) for person in persons))
    closed = {*own.closed, *(linked & set(whole.closed))}
    on_agreement = set(own.on_agreement) & set(whole.on_agreement)
    return Firewall(whole.standing, whole.known, tuple(sorted(closed)), tuple(sorted(on_agreement)),
                    tuple(sorted(on_agreement - closed)))
