"""The record that a receiver gets, and its JSON Schema; both follow the catalogue of fields."""
from __future__ import annotations

from typing import Any

from bot.protocol.agenda import missing_labels
from bot.protocol.catalogue import OPEN_ANSWERS, fields
from bot.protocol.indicators import ASSESSMENT_GROUPS, indicators
from bot.protocol.parts import Part
from bot.protocol.profile import ROUTES
from bot.protocol.report import Data, in_danger, signs_present, value
from bot.protocol.routes import STATED_FEAR, Firewall, decide, firewall, home_of, presumed_child, trafficking_signs
from bot.protocol.wording import lines

PROTOCOL_VERSION = "2026.1"
"""Version of the catalogues; a record says by which one it was made."""

_ROUTE_ORDER = ("nfp", "nrm_child", "child_protection", "nrm_adult", "consult")


def assess(report: Data, person: Data | None, here: str) -> dict[str, Any]:
    """Put what is known of one person into the closed value sets of the evaluation.

    Args:
        report: the report.
        person: one of its persons; None where nobody was described.
        here: ISO code of the country of the case.

    Returns:
        One entry in the names and values of the labelled examples.
    """
    values = person["values"] if person else {}
    signs = signs_present(report)
    groups = {g for s in signs if s in indicators() for g in indicators()[s].assessment}
    forms = forms_suspected(report)
    home = home_of(report, person, here) if person else "unknown"
    presumed = {True: "yes", False: "no", None: "unclear"}
    return {
        "child": values.get("child", {}).get("value") or presumed[presumed_child(person)],
        "age": values.get("age", {}).get("value"),
        "gender": values.get("sex", {}).get("value") or "unknown",
        "nationality": values.get("nationality", {}).get("value"),
        "non_national": _non_national(values.get("nationality", {}).get("value"), home, here),
        "accompanied": value(report, "accompanied") or "unknown",
        "documents": values.get("documents", {}).get("value") or "unknown",
        "asylum_or_fear_of_return": value(report, "fear") in STATED_FEAR,
        "immediate_danger": in_danger(report),
        "missing_child": value(report, "missing") == "now",
        "exploitation": forms or _of_no_known_form(report),
        "indicator_groups": sorted(groups),
        "expected_route": _route(report, person, here),
        "notes": "",
    }


def _non_national(nationality: str | None, home: str, here: str) -> str:
    """Tell whether somebody is a foreigner: by the passport where it is known, else by where the home is."""
    if nationality and home != "taken_abroad":
        return "no" if nationality == here else "yes"
    return {"here": "no", "taken_abroad": "no", "abroad": "yes", "unknown": "unknown"}[home]


def _of_no_known_form(report: Data) -> list[str]:
    """Tell that exploitation is suspected, where a sign is sure: one that waits to be tapped suspects nobody yet."""
    return ["unknown"] if any(report["signs"][key]["sure"] for key in trafficking_signs(report)) else []


def forms_suspected(report: Data) -> list[str]:
    """Give the forms of exploitation that were named, and those that the signs which are sure point to."""
    named = [form for form in value(report, "exploitation") or [] if form != "unknown"]
    certain = [indicators()[key] for key, sign in signs_present(report).items() if key in indicators() and sign["sure"]]
    # How somebody looks does not tell what they were used for; and hours and pay are bad under every form.
    pointed = [i.form for i in certain if i.form != "general" and i.dimension != "presentation"]
    found = list(dict.fromkeys([*named, *pointed]))
    if "labour" not in named and len(found) > 1:
        found = [form for form in found if form != "labour"]
    return found


def _route(report: Data, person: Data | None, here: str) -> str:
    if person is not None:
        return decide(report, person, here).route
    about_the_writer = {"place", "country", *(key for key, field in fields().items() if field.section == "reporter")}
    return "consult" if report["about_a_person"] or set(report["values"]) - about_the_writer else "out_of_scope"


def assess_all(report: Data, here: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Assess each person, and the report as a whole.

    Returns:
        One entry per person, and one for the group: children decide where children and adults mix; the age becomes a
        range, what differs becomes unknown.
    """
    each = [assess(report, person, here) for person in report["persons"]]
    if not each:
        return [], assess(report, None, here)
    # A small child beside a parent has an own entry; the group is that of the people the signs are about.
    about = [pair for pair in zip(each, report["persons"], strict=True)
             if value(report, "dependent", pair[1]) != "yes"] or list(zip(each, report["persons"], strict=True))
    children = [e for e, p in about if presumed_child(p) is not False] or [e for e, _ in about]
    whole = dict(children[0])
    ages = [a for e in children for a in (e["age"] if isinstance(e["age"], list) else [e["age"]]) if a is not None]
    whole["age"] = None if not ages else min(ages) if min(ages) == max(ages) else [min(ages), max(ages)]
    for key, mixed in (("gender", "unknown"), ("nationality", None)):
        if len({e[key] for e in children}) > 1:
            whole[key] = mixed
    whole["expected_route"] = min((e["expected_route"] for e, _ in about), key=_ROUTE_ORDER.index)
    return each, whole


def build(report: Data, here: str) -> dict[str, Any]:
    """Write the part of the record that follows from the report alone.

    Args:
        report: the report.
        here: ISO code of the country of the case.

    Returns:
        Persons with route and rules, safety, firewall, signs, account, and what is still missing.
    """
    each, whole = assess_all(report, here)
    return {
        "protocol_version": PROTOCOL_VERSION,
        "values": _shown(report["values"]),
        "persons": [_person(report, person, here) for person in report["persons"]],
        "firewall": _wall(firewall(report, here)),
        "signs": [
            {"id": key, "label": indicators()[key].label, "group": indicators()[key].group, **sign}
            for key, sign in report["signs"].items()
            if key in indicators()
        ],
        "no_signs_seen": bool(report.get("no_signs_seen")),
        "account": list(report["account"]),
        "missing_answers": missing_labels(report),
        "playback": [
            {"field": line.key, "label": line.label, "value": line.value, "words": line.words, "sure": line.sure}
            for line in lines(report)
        ],
        "assessment": each,
        "assessment_summary": whole,
    }


def build_part(report: Data, part: Part, here: str) -> dict[str, Any]:
    """Write what whoever may read a part of a report reads of its record.

    Args:
        report: the whole report, which decides the routes.
        part: the part.
        here: ISO code of the country of the case.

    Returns:
        Persons with route and rules, values and firewall, under the names that `build` has for them, and nothing else.
    """
    whole = {person["id"]: person for person in report["persons"]}
    return {
        "protocol_version": PROTOCOL_VERSION,
        "values": _shown(part.content["values"]),
        "persons": [{**_person(report, whole[person["id"]], here, part.wall), "values": _shown(person["values"])}
                    for person in part.content["persons"]],
        "firewall": _wall(part.wall),
    }


def _shown(values: Data) -> dict[str, Any]:
    return {key: {k: entry.get(k) for k in ("value", "status", "source", "words", "open")}
            for key, entry in values.items()}


def _wall(wall: Firewall) -> dict[str, Any]:
    return {"standing": wall.standing, "known": wall.known, "closed": list(wall.closed),
            "on_agreement": list(wall.on_agreement), "agreed": list(wall.agreed)}


def _person(report: Data, person: Data, here: str, wall: Firewall | None = None) -> dict[str, Any]:
    made = decide(report, person, here, wall)
    return {
        "id": person["id"],
        "count": person["count"],
        "presumed_child": presumed_child(person),
        "values": _shown(person["values"]),
        "route": made.route,
        "route_title": made.title,
        "rules": [{"id": r.id, "text": r.text, "source": r.source} for r in made.rules],
    }


def schema() -> dict[str, Any]:
    """Build the JSON Schema (2020-12) of a whole record, as the API gives it."""
    string = {"type": "string"}
    nullable = {"type": ["string", "null"]}
    strings = {"type": "array", "items": string}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:firstline:record",
        "title": "Firstline record",
        "description": "One report about one or several persons: a draft, a contact or a referral.",
        **_object(
            status={"enum": ["draft", "contact", "referral", "erased", "unreadable"]}, conversation=string,
            reference=nullable,
            state={"enum": ["bot", "waiting", "human", "closed"]}, protocol_version=string, created_at=string,
            updated_at=string, sent_at=nullable, country=string, reporter_verified={"type": "boolean"},
            values=_values("report"), persons={"type": "array", "items": _person_schema()},
            firewall=_object(standing={"type": "boolean"}, known={"type": "boolean"}, closed=strings,
                             on_agreement=strings, agreed=strings),
            signs={"type": "array", "items": _object(
                id={"enum": sorted(indicators())}, label=string, group=string,
                seen={"enum": ["observed", "told_by_child", "told_by_other", "suspected", "denied"]}, words=string,
                sure={"type": "boolean"})},
            no_signs_seen={"type": "boolean"}, account=strings, missing_answers=strings,
            playback={"type": "array", "items": _object(
                field=string, label=string, value=string, words=string, sure={"type": "boolean"})},
            receipts={"type": "array", "items": _object(
                route={"enum": list(ROUTES)}, receiver=string, phone=string, on_this_desk={"type": "boolean"},
                confirmed_at=nullable, confirmed_by=nullable)},
            amendments={"type": "array", "items": _object(
                text=string, author=string, verified={"type": "boolean"}, at=string)},
            desk={"oneOf": [{"type": "null"}, _object(
                kind={"enum": ["contact", "referral"]}, reason=string, state={"enum": ["open", "claimed", "closed"]},
                danger={"type": "boolean"}, missing={"type": "boolean"}, acknowledged_by=nullable,
                acknowledged_at=nullable, decision=nullable, decision_reason=nullable,
                case_managers={"type": "array", "items": _object(
                    route={"enum": list(ROUTES)}, name=string, organisation=string)})]},
            assessment={"type": "array", "items": _assessment_schema()}, assessment_summary=_assessment_schema(),
            transcript={"type": "array", "items": _object(
                text=string, quick_replies={"type": "array", "items": _object(title=string, payload=string)},
                speaker=nullable, seq={"type": "integer"}, at=string, state=string,
                **{"from": {"enum": ["responder", "bot", "human", "system"]}})},
        ),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _values(scope: str) -> dict[str, Any]:
    def allowed(field_id: str) -> dict[str, Any]:
        field = fields()[field_id]
        one: dict[str, Any] = {"enum": sorted(field.values)} if field.values else {"type": "string"}
        if field.kind in ("country", "countries"):
            one = {"type": "string", "pattern": "^[A-Z]{2}$"}
        if field.kind == "date":
            one = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
        if field.kind == "age":
            year = {"type": "integer", "minimum": 0, "maximum": 120}
            one = {"oneOf": [year, {"type": "array", "items": year, "minItems": 2, "maxItems": 2}]}
        if field.kind in ("list", "countries"):
            one = {"type": "array", "items": one}
        return {"oneOf": [one, {"type": "null"}]}

    entries = {
        key: _object(
            value=allowed(key), status={"enum": ["stated", "hedged", "denied"]},
            source={"enum": ["message", "answer", "officer", "channel"]}, words={"type": "string"},
            open={"enum": [*OPEN_ANSWERS, None]},
        )
        for key, field in fields().items()
        if field.scope == scope
    }
    return {"type": "object", "additionalProperties": False, "properties": entries}


def _person_schema() -> dict[str, Any]:
    string = {"type": "string"}
    return _object(
        id=string, count={"type": "integer", "minimum": 1}, presumed_child={"type": ["boolean", "null"]},
        values=_values("person"), route={"enum": list(ROUTES)}, route_title=string,
        rules={"type": "array", "items": _object(id=string, text=string, source=string)},
    )


def _assessment_schema() -> dict[str, Any]:
    flag = {"type": "boolean"}
    year = {"type": "integer"}
    return _object(
        child={"enum": ["yes", "no", "unclear"]},
        age={"oneOf": [year, {"type": "array", "items": year}, {"type": "null"}]},
        gender={"enum": ["female", "male", "unknown"]}, nationality={"type": ["string", "null"]},
        non_national={"enum": ["yes", "no", "unknown"]},
        accompanied={"enum": [*fields()["accompanied"].values, "unknown"]},
        documents={"enum": [*fields()["documents"].values, "unknown"]},
        asylum_or_fear_of_return=flag, immediate_danger=flag, missing_child=flag,
        exploitation={"type": "array", "items": {"enum": sorted(fields()["exploitation"].values)}},
        indicator_groups={"type": "array", "items": {"enum": sorted(ASSESSMENT_GROUPS)}},
        expected_route={"enum": [*ROUTES, "out_of_scope"]}, notes={"type": "string"},
    )
