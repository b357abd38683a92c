"""Which advice fits this case and this role now; a teacher is not told to separate anybody."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.protocol.catalogue import cite, fields, sources
from bot.protocol.indicators import indicators
from bot.protocol.loading import DATA, BrokenData, line_of, load
from bot.protocol.report import Data, in_danger, signs_present, value
from bot.protocol.routes import STATED_FEAR, home_of, presumed_child

AT_ONCE = 3
"""Lines said at one time: more is not read at three in the morning."""

_FACTS = ("child", "adult_near", "missing", "danger", "hurt", "offence", "fear", "settled", "age_unsure", "signs")
_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "order", "when", "say", "source"],
        "properties": {
            "id": {"type": "string"},
            "order": {"type": "integer"},
            "when": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    **{fact: {"type": "boolean"} for fact in _FACTS},
                    "roles": {"type": "array", "items": {"type": "string"}},
                },
            },
            "say": {"type": "string", "minLength": 1},
            "source": {"type": "object", "required": ["doc", "section"]},
        },
    },
}


@dataclass(frozen=True)
class Advice:
    """One piece of advice with its source; braces are filled in by whoever says it."""

    id: str
    order: int
    when: dict[str, Any]
    say: str
    source: str


@lru_cache(maxsize=1)
def catalogue() -> tuple[Advice, ...]:
    """Give all advice, most urgent first.

    Raises:
        BrokenData: an entry is broken, or names a role or source that does not exist.
    """
    path = DATA / "advice.yml"
    roles = {*fields()["role"].values, "unknown"}
    found = []
    for position, entry in enumerate(load(path, _SCHEMA)):
        if not set(entry["when"].get("roles", [])) <= roles or entry["source"]["doc"] not in sources():
            raise BrokenData(path, line_of(path, [position]), f"{entry['id']}: unknown role or source")
        found.append(Advice(entry["id"], entry["order"], entry["when"], entry["say"], cite(entry["source"])))
    return tuple(sorted(found, key=lambda advice: advice.order))


def facts_of(report: Data, here: str) -> dict[str, Any]:
    """Give the facts that the conditions of advice ask for."""
    person = report["persons"][0] if report["persons"] else None
    values = person["values"] if person else {}
    age = values.get("age", {}).get("value")
    groups = {g for s in signs_present(report) if s in indicators() for g in indicators()[s].assessment}
    child = presumed_child(person)
    return {
        "role": value(report, "role") or "unknown",
        "child": child if child is not None else report["about_a_person"],
        "adult_near": value(report, "accompanied") in ("with_other_adult", "with_adult_relative_claimed")
        and value(report, "link_checked") != "yes",
        "missing": value(report, "missing") == "now",
        "danger": in_danger(report),
        "hurt": "signs_of_injury_or_neglect" in groups,
        "offence": value(report, "offences") in ("yes", "held")
        or "criminality" in (value(report, "exploitation") or []),
        "fear": value(report, "fear") in STATED_FEAR,
        "settled": person is not None and home_of(report, person, here) == "here",
        "age_unsure": person is not None and values.get("child", {}).get("value") != "yes"
        and (age is None or isinstance(age, list)),
        "signs": bool(signs_present(report)),
    }


def advice_now(report: Data, here: str) -> list[Advice]:
    """Choose what to say now.

    Args:
        report: the report; what was said already stands in its `advised`.
        here: ISO code of the country of the case.

    Returns:
        Three pieces at most, most urgent first, none said before.
    """
    facts = facts_of(report, here)
    fitting = [a for a in catalogue() if a.id not in report["advised"] and _holds(a.when, facts)]
    return fitting[:AT_ONCE]


def _holds(when: dict[str, Any], facts: dict[str, Any]) -> bool:
    return all(facts["role"] in want if key == "roles" else facts[key] == want for key, want in when.items())
