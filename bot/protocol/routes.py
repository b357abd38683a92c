"""Who is responsible for a person, by the protocol's table; and the rules that come on top, each with its source."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.protocol.catalogue import cite, sources, text
from bot.protocol.indicators import ASSESSMENT_GROUPS, Indicator, indicators
from bot.protocol.loading import DATA, SOURCE, TEXT, BrokenData, line_of, load
from bot.protocol.names import country_name, value_in_words
from bot.protocol.profile import ROUTES
from bot.protocol.report import Data, entry_of, signs_present, value

ON_TOP = ("danger_first", "presumed_child", "firewall", "firewall_open", "agreement", "non_punishment", "missing_now",
          "may_abscond", "several_people", "beside_parent", "turning_18", "in_parallel", "told_and_asked",
          "adult_consent", "exploited_as_child")
"""Rules that come on top of the table."""

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rows", "titles", "harm_groups", "rules"],
    "properties": {
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "when", "route", "because", "source"],
                "properties": {
                    "id": TEXT,
                    "when": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "child": {"type": "boolean"},
                            "sign": {"type": "boolean"},
                            "harm": {"type": "boolean"},
                            "asylum": {"type": "boolean"},
                            "alone": {"type": "boolean"},
                            "met": {"type": "boolean"},
                            "home": {"type": "array", "items": {"enum": ["here", "abroad", "unknown", "taken_abroad"]}},
                            "company": {"type": "array", "items": {"enum": ["unproven", "family", "proven"]}},
                        },
                    },
                    "route": {"enum": list(ROUTES)},
                    "because": TEXT,
                    "source": SOURCE,
                },
            },
        },
        "titles": {"type": "object", "required": [*ROUTES, "out_of_scope"], "additionalProperties": TEXT},
        "harm_groups": {"type": "array", "items": {"enum": sorted(ASSESSMENT_GROUPS)}},
        "rules": {
            "type": "object",
            "required": list(ON_TOP),
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["text", "source"],
                "properties": {"text": TEXT, "source": SOURCE},
            },
        },
    },
}

ADULT = 18
"""Years from which somebody is an adult."""

STATED_FEAR = ("asylum", "fear", "refugee")
"""Values of `fear` under which the firewall stands."""

_LINKS = ("nationality", "residence_country", "lived_in", "exploited_in")
"""Fields of a person that name a country which somebody may fear."""

ALL_FOREIGN = "*"
"""Stands in the closed countries for every country but the one where the person is."""


@dataclass(frozen=True)
class Rule:
    """A rule that fired, in words, with its source."""

    id: str
    text: str
    source: str


@dataclass(frozen=True)
class Decision:
    """Where one person's record belongs, and why."""

    route: str
    title: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Firewall:
    """Which countries must not be contacted.

    Args:
        standing: fear of return, an asylum wish or refugee status was stated.
        known: the question was answered; otherwise every foreign country stays closed.
        closed: ISO codes, or `*` for every foreign country.
        on_agreement: countries of these people that nobody fears: closed until the child agrees.
        agreed: those of them for which the child has agreed, so that they are not closed.
    """

    standing: bool
    known: bool
    closed: tuple[str, ...]
    on_agreement: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    path = DATA / "routes.yml"
    table = load(path, _SCHEMA)
    for position, row in enumerate(table["rows"]):
        if row["source"]["doc"] not in sources():
            raise BrokenData(path, line_of(path, ["rows", position]), f"{row['id']}: source is not in sources.yml")
    for name, rule in table["rules"].items():
        if rule["source"]["doc"] not in sources():
            raise BrokenData(path, line_of(path, ["rules", name]), f"{name}: source is not in sources.yml")
    if table["rows"][-1]["when"]:
        line = line_of(path, ["rows", len(table["rows"]) - 1])
        raise BrokenData(path, line, "the last row must fit everybody, so that nobody is left over")
    return dict(table)


def title(route: str) -> str:
    """Name a route as people read it."""
    return str(_table()["titles"][route])


def presumed_child(person: Data | None) -> bool | None:
    """Apply the presumption of childhood.

    Args:
        person: a person of the report; None where nobody was described yet.

    Returns:
        True for a child or somebody who may be one, False for an adult, None where nothing about age is known.
    """
    if person is None:
        return None
    values = person["values"]
    age = values.get("age", {}).get("value")
    lowest = age[0] if isinstance(age, list) else age
    child = values.get("child", {}).get("value")
    # An adult age claimed beside a childlike look is uncertain, so `unclear` outweighs the number.
    if child in ("yes", "unclear") or (lowest is not None and lowest < ADULT):
        return True
    return False if child == "no" or lowest is not None else None


def home_of(report: Data, person: Data, here: str) -> str:
    """Tell where a person's settled home is: here, abroad, taken_abroad or unknown."""
    residence = person["values"].get("residence", {}).get("value")
    if residence:
        return str(residence)
    country = person["values"].get("residence_country", {}).get("value")
    if country:
        return "here" if country == here else "abroad"
    nationality = person["values"].get("nationality", {}).get("value")
    if nationality == here:
        # A national is taken to live here, but not where the home itself was asked for and is not known.
        return "unknown" if "residence" in person["values"] else "here"
    if nationality:
        return "abroad"
    return "abroad" if report.get("several_nationalities") else "unknown"


def here_of(report: Data, default: str) -> str:
    """Find the country of the case: stated or implied by the place, else the responder's organisation's, else this."""
    return str(value(report, "country") or value(report, "organisation_country") or default)


def _company(report: Data, dependent: bool) -> str:
    company = "with_adult_relative_claimed" if dependent else value(report, "accompanied")
    if value(report, "link_checked") == "yes" and company not in ("alone", "with_children"):
        return "proven"
    return "family" if company == "with_adult_relative_claimed" else "unproven"


def trafficking_signs(report: Data) -> list[str]:
    """Give the signs that point to trafficking and not to harm or hardship alone; a denied sign never counts."""
    return [key for key in signs_present(report) if key in indicators() and _points_to_trafficking(indicators()[key])]


def _points_to_trafficking(indicator: Indicator) -> bool:
    if indicator.form != "general" or set(indicator.assessment) - set(_table()["harm_groups"]):
        return True
    return not indicator.assessment and indicator.dimension in ("act", "means", "purpose")


def _shows_harm(report: Data) -> bool:
    """Tell whether a sign is sure, or speaks of harm; a doubtful one of anything else is too little."""
    return any(
        sign["sure"] or (key in indicators() and set(indicators()[key].assessment) & set(_table()["harm_groups"]))
        for key, sign in signs_present(report).items()
    )


def facts_for(report: Data, person: Data, here: str) -> dict[str, Any]:
    """Give the facts that the table's conditions ask for, about one person."""
    exploitation = [f for f in (value(report, "exploitation") or []) if f != "unknown"]
    child = presumed_child(person)
    # For a child every sign counts, however weak; an adult's route is opened by one that somebody is sure of.
    signs = [key for key in trafficking_signs(report) if child is not False or report["signs"][key]["sure"]]
    # What was seen of a parent is no sign of what happens to the small child beside them.
    dependent = value(report, "dependent", person) == "yes"
    return {
        "child": child is not False,
        "home": home_of(report, person, here),
        "sign": not dependent and bool(signs or exploitation),
        "harm": _shows_harm(report) or value(report, "danger") == "yes" or value(report, "missing") == "now",
        "asylum": value(report, "fear") in STATED_FEAR,
        "alone": not dependent and value(report, "accompanied") == "alone",
        "company": _company(report, dependent),
        "met": value(report, "victims_met") != "no",
    }


def _fits(when: dict[str, Any], facts: dict[str, Any]) -> bool:
    return all(facts[key] in want if isinstance(want, list) else facts[key] == want for key, want in when.items())


def decide(report: Data, person: Data, here: str, wall: Firewall | None = None) -> Decision:
    """Decide the route of one person: the first row of the table that fits, then the rules on top.

    Args:
        report: the report.
        person: one of its persons.
        here: ISO code of the country of the case.
        wall: the closed countries that the rules name; those of the report where none are given.

    Returns:
        The decision with every rule that fired.
    """
    facts = facts_for(report, person, here)
    row = next(r for r in _table()["rows"] if _fits(r["when"], facts))
    rules = [Rule(row["id"], row["because"], cite(row["source"]))]
    fired = _on_top(report, person, facts, row["route"], wall or firewall(report, here))
    rules += [_rule(name, **more) for name, more in fired]
    return Decision(row["route"], title(row["route"]), tuple(rules))


def _rule(name: str, **more: str) -> Rule:
    entry = _table()["rules"][name]
    return Rule(name, entry["text"].format(**more), cite(entry["source"]))


def _on_top(
    report: Data, person: Data, facts: dict[str, Any], route: str, wall: Firewall
) -> list[tuple[str, dict[str, str]]]:
    fired: list[tuple[str, dict[str, str]]] = []
    if value(report, "danger") == "yes":
        fired.append(("danger_first", {}))
    if value(report, "missing") == "now":
        fired.append(("missing_now", {}))
    if value(report, "missing") == "may_abscond":
        fired.append(("may_abscond", {}))
    if len(report["persons"]) > 1:
        fired.append(("several_people", {}))
    if not facts["child"]:
        consent = value_in_words("consent", value(report, "consent", person))
        fired += [("adult_consent", {"consent": consent})] if route == "nrm_adult" else []
        fired += [("exploited_as_child", {})] if value(report, "exploited_as_child", person) == "yes" else []
        return fired
    if value(report, "dependent", person) == "yes":
        fired.append(("beside_parent", {}))
    age = person["values"].get("age", {}).get("value")
    years = age if isinstance(age, list) else [age]
    if person["values"].get("child", {}).get("value") != "yes" and (age is None or max(years) >= ADULT):
        fired.append(("presumed_child", {}))
    if age is not None and min(years) <= 17 <= max(years):
        fired.append(("turning_18", {}))
    if wall.standing:
        fired.append(("firewall", {"closed": closed_in_words(wall)}))
    elif not wall.known:
        fired.append(("firewall_open", {}))
    if wall.on_agreement:
        given = text("agreement_given", countries=_names(wall.agreed)) if wall.agreed else ""
        fired.append(("agreement", {"countries": _names(wall.on_agreement), "given": given}))
    if _drawn_into_an_offence(report, person):
        fired.append(("non_punishment", {}))
    if route in ("nfp", "nrm_child"):
        fired += [("in_parallel", {}), ("told_and_asked", {})]
    return fired


def _drawn_into_an_offence(report: Data, person: Data) -> bool:
    signs = signs_present(report)
    return (
        value(report, "offences") in ("yes", "held")
        or "criminality" in (value(report, "exploitation") or [])
        or value(report, "documents", person) == "false_or_suspect"
        or any(indicators()[key].form == "criminality" for key in signs if key in indicators())
    )


def firewall(report: Data, here: str) -> Firewall:
    """Find the countries that must not be contacted (protocol 3, rule 3).

    Args:
        report: the report.
        here: ISO code of the country of the case, which is never closed.

    Returns:
        The closed countries: those that a child fears, which are all that the child has to do with (a refugee's
        country of refuge excepted) unless some were named; and the others until the child agrees. None where fear was
        asked for and denied. Every foreign country where fear is not known, or nothing of somebody's countries.
    """
    entry = entry_of(report, "fear")
    stated = value(report, "fear")
    if stated in STATED_FEAR:
        named = set(report.get("several_nationalities", [])) - {here}
        each = [_feared(person, stated, here) for person in report["persons"]]
        doubted = any(person["values"].get("nationality", {}).get("status") == "hedged" for person in report["persons"])
        feared = named.union(*(own for own, _ in each))
        others = set().union(*(other for _, other in each)) - feared
        agreed = others.intersection(*(_countries(person, "agreed") for person in report["persons"]))
        if not feared or (doubted and len(each) > 1) or not (named or all(own for own, _ in each)):
            return Firewall(True, True, (ALL_FOREIGN,))
        closed = feared | (others - agreed)
        return Firewall(True, True, tuple(sorted(closed)), tuple(sorted(others)), tuple(sorted(agreed)))
    # A denial read out of a message does not open a country; only the question, answered, does.
    if entry and stated == "denied" and entry["source"] in ("answer", "officer"):
        return Firewall(False, True, ())
    return Firewall(False, False, (ALL_FOREIGN,))


def linked_countries(person: Data, here: str) -> set[str]:
    """Give every foreign country that a person has to do with, feared or not."""
    return set().union(*(_countries(person, field) for field in ("feared", *_LINKS))) - {here}


def _feared(person: Data, stated: str, here: str) -> tuple[set[str], set[str]]:
    """Give the countries that one person fears, and the others that they have to do with."""
    refuge = _countries(person, "residence_country") if stated == "refugee" else set()
    linked = set().union(*(_countries(person, field) for field in _LINKS))
    feared = _countries(person, "feared") or linked - refuge
    return feared - {here}, linked - feared - {here}


def _countries(person: Data, field: str) -> set[str]:
    found = person["values"].get(field, {}).get("value")
    return set(found) if isinstance(found, list) else {found} - {None}


def closed_in_words(wall: Firewall) -> str:
    """Write the closed countries as people read them."""
    return "any foreign country" if ALL_FOREIGN in wall.closed else _names(wall.closed)


def _names(codes: tuple[str, ...]) -> str:
    return ", ".join(country_name(code) for code in codes)


def routes_of(report: Data, here: str) -> list[str]:
    """Give the routes by which a report is sent, each once; `consult` where nobody was described or all declined."""
    sent = [person for person in report["persons"] if not declined(report, person)]
    found = [decide(report, person, here).route for person in sent]
    return list(dict.fromkeys(found)) or ["consult"]


def routes_by_person(report: Data, here: str) -> dict[str, str]:
    """Give the route of each person by their id, also of an adult who said no to the referral."""
    return {person["id"]: decide(report, person, here).route for person in report["persons"]}


def declined(report: Data, person: Data) -> bool:
    """Tell whether an adult said no to the referral; a child's mandatory one does not hang on it."""
    return presumed_child(person) is False and value(report, "consent", person) == "refused"

