"""How what was understood of a message enters a report: what stays, what is replaced, and who is meant."""
from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from bot.protocol.catalogue import fields
from bot.protocol.report import Data, add_person, entry_of, put, value
from bot.protocol.routes import STATED_FEAR


def take(report: Data, reading: Data, correction: bool = False, about: Data | None = None) -> list[str]:
    """Enter what a message was understood to say.

    Args:
        report: the report, changed in place.
        reading: a `Reading` as plain data.
        correction: True where the responder corrects: then what is read replaces what stood there.
        about: the one person that was asked about, of whom what is said of a person is said.

    Returns:
        Ids of the fields and signs that are new or changed, in reading order, for the play-back.
    """
    changed: list[str] = []
    report["about_a_person"] = report["about_a_person"] or reading["about_a_person"]
    # "The man is Polish, 51": somebody else's age and nationality are not the child's.
    of_another = about is None and not correction and _speaks_of_another(report, reading["people"])
    known = len(report["persons"])
    if about is not None:
        changed += _fill(about, reading["people"][0], correction) if reading["people"] else []
    elif not of_another:
        changed += _take_people(report, reading["people"], correction)
    taken = [f for f in reading["facts"]
             if not (of_another and _of_a_person(f))]
    nationalities = [f for f in taken if f["field"] == "nationality" and f["status"] != "denied"]
    newcomers = report["persons"][known:]
    words = " ".join(report["account"][-1:])
    if (known and newcomers and len(newcomers) == len(reading["people"]) and len(nationalities) < 2
            and not correction and not _OF_EVERYBODY.search(words)):
        # "Also two Bulgarian girls": their nationality, not that of who was told of before.
        changed += _tell_of(report, newcomers, taken)
        taken = [f for f in taken if not _of_a_person(f)]
    if about is None and len(report["persons"]) > 1 and not _NATION_OF_ALL.search(words):
        # Named once beside several people, it may be that of one of them: it narrows nothing.
        taken = [{**f, "status": "hedged"} if f["field"] == "nationality" and f["status"] == "stated" else f
                 for f in taken]
    refuted = {f["value"] for f in taken if f["field"] == "nationality" and f["status"] == "denied"}
    for fact in taken:
        if fact["field"] == "age_problem":
            report["age_problem"] = fact["value"]
            changed.append("age_problem")
            continue
        if fact["field"] not in fields():
            continue
        if fact["field"] == "nationality" and len({f["value"] for f in nationalities}) > 1:
            continue
        # "Moldovan, not Romanian" corrects what was said before without a word for it. Of nothing else: a denial clears
        # neither danger nor fear.
        old = entry_of(report, "nationality", about) if fact["field"] == "nationality" else None
        if not correction and _takes_back(report, fact):
            report["reopened"], report["reopened_person"] = fields()[fact["field"]].ask, None
            changed.append("taken_back")
        if _take_fact(report, fact, correction or (old is not None and old["value"] in refuted), about):
            changed.append(fact["field"])
    if correction and "age" in changed and not any(f["field"] == "age_problem" for f in taken):
        report["age_problem"] = None
    if len({f["value"] for f in nationalities}) > 1:
        report["several_nationalities"] = sorted({f["value"] for f in nationalities})
    for sign in reading["signs"]:
        known = report["signs"].get(sign["id"])
        if known is None or (known["seen"] == "denied" and sign["seen"] != "denied"):
            report["signs"][sign["id"]] = {k: sign[k] for k in ("seen", "words", "sure")}
            changed.append(sign["id"])
    return changed


def _of_a_person(fact: Data) -> bool:
    return fact["field"] in fields() and fields()[fact["field"]].scope == "person"


def _tell_of(report: Data, persons: list[Data], facts: list[Data]) -> list[str]:
    """Enter what facts say of a person for these alone; gives the fields."""
    told = [fact for fact in facts if _of_a_person(fact) and fact["status"] != "denied"]
    for fact in told:
        for person in persons:
            put(report, fact["field"], fact["value"], source="message", words=fact["words"], status=fact["status"],
                person=person)
    return [fact["field"] for fact in told]


def _speaks_of_another(report: Data, people: list[Data]) -> bool:
    """Tell whether a message speaks of adults only while the report is about a child."""
    of_adults = bool(people) and all(p["child"] == "no" for p in people)
    return of_adults and any(p["values"].get("child", {}).get("value") in ("yes", "unclear") for p in report["persons"])


def _take_fact(report: Data, fact: Data, correction: bool, about: Data | None) -> bool:
    field, new = fact["field"], fact["value"]
    if field == "place" and _ADDRESS.search(str(new)):
        # An address of stay is never echoed on an outside channel; it stays in the account alone.
        return False
    if isinstance(new, bool):
        new = "yes" if new else "no"
    if fact["status"] == "denied" and field != "fear":
        return False
    old = entry_of(report, field, about)
    kind = fields()[field].kind
    if old and old.get("open") is None and not correction:
        if kind == "list":
            new = new if isinstance(new, list) else [new]
            if set(new) <= set(old["value"]):
                return False
        # Danger and missing only ever rise by reading; everything else keeps what was said first unless it is new.
        elif _keeps(field, old, new, fact["status"]):
            return False
    if kind == "list" and not isinstance(new, list):
        new = [new]
    put(report, field, new, source="message", words=fact["words"], status=fact["status"], person=about)
    return True


def _takes_back(report: Data, fact: Data) -> bool:
    """Tell whether a denial meets what was told before and is not taken back by a word: which holds is then asked."""
    standing, denials = _STANDS_UNTIL_ASKED.get(fact["field"], ((), ()))
    return value(report, fact["field"]) in standing and (fact["value"] in denials or fact["status"] == "denied")


_STANDS_UNTIL_ASKED = {"fear": (STATED_FEAR, ("denied",)), "missing": (("now",), ("no",))}
"""Field to what was told, and what denies it."""
_OF_EVERYBODY = re.compile(r"\b(?:both|all|each|they|siblings)\b", re.I)
_NATION_OF_ALL = re.compile(
    r"\b(?:both|all|they|siblings|brothers|sisters|children|kids|family|girls|boys|women)\b", re.I)
_ADDRESS = re.compile(
    r"\d{1,4}[a-z]?,? +[\w' -]{2,30}"
    r"(?:street|str|road|rd|avenue|ave|lane|square|close|drive|strasse|straße|ulica|rue|via)\b"
    r"|\b(?:rue|via|calle|ulica|ul\.) +[\w' -]{2,30}\d{1,4}\b", re.I)


_WITH_AN_ADULT = ("with_adult_relative_claimed", "with_other_adult")


def _keeps(field: str, old: Data, new: Any, status: str) -> bool:
    """Tell whether what stands there stays: danger only rises, an answer outranks a reading, a doubt clears nothing,
    and what is proven of the sender is not changed by a word in a story.

    What was said of a person stays until it is corrected. Children told of later send no adult away.
    """
    if field in ("danger", "missing"):
        return old["value"] in ("yes", "now") or new not in ("yes", "now")
    if field == "fear" and new == "denied":
        # What keeps a country closed is taken back by a correction or an answer alone.
        return True
    if fields()[field].scope == "person" and old["status"] == "stated":
        return True
    if field == "accompanied" and new == "with_children" and old["value"] in _WITH_AN_ADULT:
        return True
    return old["value"] == new or old["source"] in ("answer", "officer", "channel") or (
        old["status"] == "stated" and status == "hedged")


def _take_people(report: Data, people: list[Data], correction: bool) -> list[str]:
    changed: list[str] = []
    if not people:
        return changed
    if not report["persons"]:
        for read in people:
            changed += _fill(add_person(report, read["count"]), read, correction=True)
        return changed
    _part(report, people)
    free = list(report["persons"])
    for read in people:
        person = next((p for p in free if _may_be(p, read)), None)
        if person is None and len(people) == 1 and (correction or not _is_another(report, read)):
            # "The boy is 9, not 8": the same sex tells who is meant where the age does not.
            same = [p for p in free if read["sex"] and p["values"].get("sex", {}).get("value") == read["sex"]]
            person = (same or free)[0]
            # Of several children nobody can tell whose age it is; of adults, one may be a child.
            if not correction and (len(report["persons"]) == 1 or _all_grown(report)):
                changed += _hold_both(report, person, read)
        if person is None:
            person = add_person(report, read["count"])
        else:
            free.remove(person)
        changed += _fill(person, read, correction)
    return changed


GENERATION = 10
"""Years from which a child's age is not that of the grown-up who was told of before."""


def _is_another(report: Data, read: Data) -> bool:
    """Tell whether a child that is none of those known is told of: "her sister, 12", or a small child beside adults."""
    if read["earlier"] or read["child"] not in ("yes", "unclear"):
        return False
    values = [person["values"] for person in report["persons"]]
    if any(one.get("age", {}).get("words") == read["words"] for one in values):
        return False
    sexes = {one.get("sex", {}).get("value") for one in values}
    if read["relative"] or (read["age"] is not None and read["sex"] and not sexes & {read["sex"], None}):
        return True
    if not _all_grown(report):
        return False
    if read["age"] is None:
        return bool(read["count"] > 1)
    return all("age" in one and _bounds(one["age"]["value"])[0] - _bounds(read["age"])[1] >= GENERATION
               for one in values)


def _all_grown(report: Data) -> bool:
    return all(person["values"].get("child", {}).get("value") == "no" for person in report["persons"])


def _hold_both(report: Data, person: Data, read: Data) -> list[str]:
    """Keep what was told before beside what does not fit it, doubted, until somebody says which is right.

    A child's age told after an adult's makes nobody grown: in doubt not an adult (protocol, section 3, rule 2).
    """
    values, changed = person["values"], []
    old, told = values.get("age"), read["age"]
    sex = values.get("sex", {}).get("value")
    if read["earlier"] or (sex and read["sex"] and sex != read["sex"]):
        return []
    if old and told is not None and old.get("open") is None and not _overlap(old["value"], told):
        both = [*_bounds(old["value"]), *_bounds(told)]
        values["age"] = {**old, "value": [min(both), max(both)], "status": "hedged", "source": "message"}
        report["age_problem"], report["age_problem_asked"] = "two_ages", False
        changed += ["age", "age_problem"]
    child = values.get("child", {}).get("value")
    if child and read["child"] and child != read["child"]:
        values["child"] = {"value": "unclear" if old or told is None else read["child"], "status": "hedged",
                           "source": "message", "words": read["words"]}
        changed.append("child")
    return changed


def _part(report: Data, people: list[Data]) -> None:
    """Make persons of their own of one entry for several, where a message now tells them apart."""
    several = [p for p in report["persons"] if p["count"] > 1]
    if len(several) == 1 and len(people) > 1 and sum(read["count"] for read in people) == several[0]["count"]:
        group = several[0]
        if "age" not in group["values"]:
            group["count"] = people[0]["count"]
            for read in people[1:]:
                add_person(report, read["count"])["values"] = deepcopy(group["values"])


def _may_be(person: Data, read: Data) -> bool:
    """Tell whether a description can be that of a person already known."""
    values = {field: person["values"].get(field, {}).get("value") for field in ("sex", "age", "child")}
    if values["sex"] and read["sex"] and values["sex"] != read["sex"]:
        return False
    if {values["child"], read["child"]} == {"yes", "no"}:
        return False
    return values["age"] is None or read["age"] is None or _overlap(values["age"], read["age"])


def _bounds(age: int | list[int]) -> list[int]:
    return age if isinstance(age, list) else [age, age]


def _overlap(one: int | list[int], other: int | list[int]) -> bool:
    (low, high), (lowest, highest) = _bounds(one), _bounds(other)
    return lowest <= high and low <= highest


def take_more_people(report: Data, reading: Data) -> list[Data]:
    """Enter people that a message adds to those known; what it says of a person is said of them alone.

    Args:
        report: the report, changed in place.
        reading: a `Reading` as plain data; where it describes nobody, one person of whom nothing is known is added.

    Returns:
        The new persons.
    """
    newcomers = [add_person(report, read["count"]) for read in reading["people"]] or [add_person(report)]
    for person, read in zip(newcomers, reading["people"], strict=False):
        _fill(person, read, correction=True)
    _tell_of(report, newcomers, reading["facts"])
    take(report, {**reading, "people": [], "facts": [f for f in reading["facts"] if not _of_a_person(f)]})
    return newcomers


def _fill(person: Data, read: Data, correction: bool) -> list[str]:
    changed = []
    for field in ("age", "child", "sex", "dependent"):
        new = read.get(field)
        old = person["values"].get(field)
        if new is None or (old and old.get("open") is None and (not correction or old["value"] == new)):
            continue
        words = read.get("words", "")
        person["values"][field] = {"value": new, "status": "stated", "source": "message", "words": words}
        changed.append(field)
    return changed
