"""Finds the numbers that are ages of people, and leaves gates, prices, counts, times and spans of time alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

from bot.understanding.age_patterns import (
    AGO,
    AHEAD,
    BIRTHDAY,
    BOUND,
    DECADE,
    FILL,
    HALF,
    HEDGE,
    JOIN,
    LATER_HEDGE,
    LETTER,
    LISTED,
    NOT_UNIT,
    NUM,
    NUMBERED,
    OVER,
    PLURAL,
    ROAD,
    ROAD_AFTER,
    SCHOOL,
    SOON,
    TENS,
    UNDER,
    UNIT,
    VERBS,
    YOUNG,
    Kind,
    free,
    numbered,
)
from bot.understanding.nouns import Noun, number
from bot.understanding.text import plain

_OLDEST = 115
_TEENS = range(10, 20)
_OF_A_DECADE = re.compile(r"\b(?:in|their|his|her|the|s)\s*$|~$|[,(]\s*$")
"""Stands in front of "30s" where that is somebody's age."""


@dataclass(frozen=True)
class Age:
    """An age found.

    Args:
        start: first character.
        end: one past the last.
        low: lowest.
        high: highest.
        kind: stated for now, a look, a claim, or of the past.
        count: how many people the ages are of, where they are listed.
        noun: the word for the person it stands beside, None where it stands free.
        hedged: the text itself doubts it.
        sex: of the letter in "M14".
        impossible: nobody gets that old.
    """

    start: int
    end: int
    low: int
    high: int
    kind: Kind = "now"
    count: int | None = None
    noun: Noun | None = None
    hedged: bool = False
    sex: Literal["female", "male"] | None = None
    impossible: bool = False


def _make(low: str, span: tuple[int, int], kind: Kind, noun: Noun | None = None, before: str = "") -> Age | None:
    words = low[span[0] : span[1]]
    read = [number(word) for word in re.findall(NUM, words)]
    years = [value for value in read if value is not None]
    if not years:
        return None
    named = re.match(UNIT, low[span[1] : span[1] + 16]) or _NAMED.search(low[max(0, span[0] - _NEAR) : span[0]])
    if max(years) > _OLDEST and not named:
        # "A lad rang 999": no year is named, and nobody gets that old.
        return None
    # A lone "1" or "2" counts people or things, unless years are named.
    if min(years) < 3 and not re.match(UNIT, low[span[1] : span[1] + 16]):
        return None
    # "16/17" and "13 or 14" doubt one age; "15 and 16", "23, 25, 30" list several people.
    several = re.search(r",|&|\+|\band\b|\bund\b", words) is not None
    hedged = bool(HEDGE.search(before) or LATER_HEDGE.match(low[span[1] : span[1] + 14]))
    return Age(
        span[0],
        span[1],
        min(years),
        max(years),
        kind,
        len(years) if several else None,
        noun,
        hedged,
        impossible=max(years) > _OLDEST,
    )


def _beside(low: str, noun: Noun) -> Age | None:
    """Read the age that stands right behind a word for a person, or right before it."""
    if listed := _several_beside(low, noun):
        return listed
    adj = r"(?:[\s,]+(?!and\b|with\b|who\b|in\b|on\b|at\b|from\b|to\b|for\b|has\b|not\b|no\b|by\b)[a-z][a-z-]{3,})"
    behind = re.compile(
        rf"(?:\s+is)?(?:{adj}{{0,2}}?)?[\s,:(\"'-]{{1,3}}(?:and )?{FILL}(?P<n>{LISTED})(?:(?P<u>{UNIT})(?!\s?(?:ago|"
        rf"here|now|in))|ish|{NOT_UNIT}(?!\s+(?!{VERBS}\b)[a-z]{{3,}}s\b(?=\s)))"
    )
    match = behind.match(low, noun.end)
    if match and not NUMBERED.search(low[noun.end : match.start("n")]):
        gap = low[noun.end : match.start("n")]
        kind: Kind = (
            "look"
            if re.search(r"look|seem|appear|i'?d say", gap)
            else "claim"
            if re.search(r"say|claim|state", gap)
            else "now"
        )
        if "pregnan" in gap:
            return None
        age = _make(low, match.span("n"), kind, noun, gap)
        several = age is not None and age.low < age.high and gap.strip(" ,:(") == "from"
        if age is not None and not several and re.search(r"\bwas\b|\bfrom\b|\bunder\b", gap):
            age = replace(age, kind="past")
        return age
    return None


_LISTED_WITH_SPACES = re.compile(
    rf"[\s,:(]{{1,3}}(?P<n>\d{{1,2}}(?:(?:\s|{JOIN})\d{{1,2}}){{1,6}})(?!\d)(?:{UNIT}|{NOT_UNIT}{PLURAL})"
)


def _several_beside(low: str, noun: Noun) -> Age | None:
    """Read "3 girls 12 14 and 15": nothing stands between the ages, of which there are as many as children."""
    match = _LISTED_WITH_SPACES.match(low, noun.end) if noun.plural else None
    if match is None:
        return None
    each = [int(one) for one in re.findall(r"\d+", match["n"])]
    rising = each == sorted(set(each)) and each[0] > 2
    if len(each) != (noun.count or len(each)) or not rising or re.search(r"\d\s\d", match["n"]) is None:
        return None
    made = _make(low, match.span("n"), "now", noun)
    return replace(made, count=len(each)) if made else None


def _ahead(low: str, noun: Noun) -> Age | None:
    begin = max(0, noun.start - 50)
    match = AHEAD.search(low[begin : noun.start])
    if match is None:
        return None
    before = low[max(0, begin + match.start() - 20) : begin + match.start()]
    if match["u"] is None:
        first = number(match["n"])
        # "16 syrian boy" is an age, "16 syrian boys" and "1 boy" are numbers of people.
        if noun.plural or first is None or first < 3 or NUMBERED.search(before):
            return None
    elif re.search(r"\b(?:for|since|last|past)\s+$", before):
        return None
    return _make(low, (begin + match.start("n"), begin + match.end("n")), "now", noun, before)


def _special(low: str, text: str) -> list[Age]:
    """Read the ages that are written in ways of their own."""
    found: list[Age] = []
    for m in AGO.finditer(low):
        then, gone = number(m["n"]), 1
        if m["d"]:
            gone = number(m["d"]) or 1
        if then is not None:
            found.append(
                Age(m.start(), m.end(), then + gone, then + gone, hedged=True)
                if not m["y"]
                else Age(m.start(), m.end(), then, int(m["y"]), "past")
            )
    for m in YOUNG.finditer(low):
        if re.search(r"\b(?:scars?|wounds?|burns?|cut|bruises?|injur\w+|fracture|tattoo|post|account|message|"
            r"photo)\s+$", low[max(0, m.start() - 14) : m.start()]):
            continue
        value = number(m["n"] or m["n2"] or m["n3"] or m["n4"]) or 0
        unit = m["unit"] or m["unit2"] or m["unit3"] or {"52": "weeks", "12": "months"}[m["unit4"]]
        years = (
            value // 12
            if unit.startswith("mo") or unit.startswith("mth")
            else value // 52
            if unit.startswith("w")
            else 0
        )
        start = next(m.start(name) for name in ("n", "n2", "n3", "n4") if m[name])
        found.append(Age(start, m.end(), years, years))
    for m in SOON.finditer(low):
        soon = number(m["n"])
        if soon is not None and soon > 1:
            found.append(Age(m.start(), m.end(), soon - 1, soon - 1))
    for m in BIRTHDAY.finditer(low):
        coming = number(m["n"])
        if coming is not None and coming in _TEENS:
            found.append(Age(m.start(), m.end(), coming - 1, coming - 1))
    for m in LETTER.finditer(low):
        letter, digits = m["a"] or m["b"], m["n"] or m["m"]
        if ROAD.search(low[max(0, m.start() - 12) : m.start()]) or ROAD_AFTER.match(low, m.end()) or (
            " " in m.group() and not text[m.start() : m.end()].isupper() and not _spaced_letter(low, m)
        ):
            continue
        found.append(Age(m.start(), m.end(), int(digits), int(digits), sex="male" if letter == "m" else "female"))
    for m in SCHOOL.finditer(low):
        year = int(m["uk"] or m["uk2"] or m["g"] or m["g2"])
        first = year + (4 if m["uk"] or m["uk2"] else 5)
        found.append(Age(m.start(), m.end(), first, first + 1, "look"))
    for m in DECADE.finditer(low):
        ten = TENS.get(m["ten"]) or int(m["ten"])
        before = low[max(0, m.start() - 12) : m.start()]
        if (m["ten"].isdigit() and not m["part"] and not _OF_A_DECADE.search(before)) or (
            m["ten"] == "teen" and not m["part"] and not re.search(r"\bin (?:his|her|their)\s*$", before)
        ):
            continue
        start, stop = {"early": (0, 3), "mid": (4, 6), "middle": (4, 6), "late": (7, 9)}.get(m["part"] or "", (0, 9))
        found.append(Age(m.start(), m.end(), max(13, ten + start), ten + stop, "look", hedged=False))
    return found


_PLACE_NAMED_BY_LETTER = re.compile(
    r"(?:\d|\b(?:gate|bus|line|tram|class|room|hall|block|wing|row|seat|platform|terminal|door|exit|zone|sector|junction|"
    r"motorway|road|bay|pier|berth|lane|ward|unit|section|floor|flat|house|apartment))\s?$"
)


def _spaced_letter(low: str, match: re.Match[str]) -> bool:
    """Tell whether "f 17" is somebody: a letter of its own before two digits that count nothing."""
    before = low[max(0, match.start() - 14) : match.start()]
    lone = match["a"] is not None and len(match["n"]) == 2 and not _PLACE_NAMED_BY_LETTER.search(before)
    alone = rf"{NOT_UNIT}{PLURAL}(?!(?:,\s?|\s(?:and|n|&|\+)\s|\s?[&+/-]\s?|\s)\d)"
    return lone and re.match(alone, low[match.end() :][:40]) is not None


def _whole_years(match: re.Match[str]) -> str:
    part = match["half"] or match["months"]
    return match.group().replace(part, " " * len(part))


def ages(text: str, people: list[Noun], skip: list[tuple[int, int]], demonyms: list[tuple[int, int]]) -> list[Age]:
    """Find the ages in a message.

    Args:
        text: the message.
        people: its words for people (`nouns.nouns`).
        skip: spans already read as something else (dates of birth).
        demonyms: spans of words like "Syrian", beside which a lone number is an age too.

    Returns:
        The ages in the order of the text, not overlapping; past ages among them.
    """
    low = HALF.sub(_whole_years, plain(text))
    taken = bytearray(len(low))
    for start, end in (*skip, *numbered(low)):
        taken[start:end] = b"1" * (end - start)
    found: list[Age] = []

    counts = {noun.first for noun in people if noun.plural and noun.role != "other" and (noun.count or 0) > 2}

    def take(age: Age | None) -> None:
        if age is None or any(taken[age.start : age.end]) or (age.start in counts and age.low == age.high):
            return
        if not _MEASURE.search(low[max(0, age.start - _NEAR) : age.start]):
            taken[age.start : age.end] = b"1" * (age.end - age.start)
            found.append(age)

    for age in _special(low, text):
        take(age)
    for place, noun in enumerate(people):
        take(_ahead(low, noun))
        beside = _beside(low, noun)
        # "Newborn, boyfriend Polish, 24", "father, kids 7 and 9": the age is that of the last one named.
        between = takewhile(lambda other, end=beside.start if beside else 0: other.start < end, people[place + 1 :])
        if not any(noun.end <= other.start and (not other.plural or (noun.role == "other" and other.role == "child"))
                   for other in between):
            take(beside)
    for kind, pattern in free():
        for match in pattern.finditer(low):
            if not NUMBERED.search(low[max(0, match.start("n") - 14) : match.start("n")]) or kind == "past":
                take(_make(low, match.span("n"), kind, None, low[match.start() : match.start("n")]))
    for start, end in demonyms:
        after = re.compile(rf"[\s,:(-]{{1,3}}{FILL}(?P<n>{LISTED})(?:{UNIT}|{NOT_UNIT}{PLURAL})").match(low, end)
        if after:
            take(_make(low, after.span("n"), "now"))
        ahead = re.search(rf"{BOUND}(?P<n>[1-9]\d)[\s,]+$", low[max(0, start - 6) : start])
        if (
            ahead
            and not re.match(
                r"\s+(?:[a-z]+\s+)?(?!says\b|was\b|is\b|has\b)[a-z]{3,}s\b|\s+(?:crew|people|women|men|children)",
                low[end : end + 30],
            )
            and not low[start:end].endswith("s")
        ):
            first = max(0, start - 6)
            take(_make(low, (first + ahead.start("n"), first + ahead.end("n")), "now"))
    return sorted((_or_the_next(_whole_numbers(age), low) for age in found), key=lambda age: age.start)


_NAMED = re.compile(r"\b(?:age|aged|is|of)\s+$")
_NEAR = 40
"""Characters before a number in which the words stand that tell what it is."""
_MEASURE = re.compile(r"\b(?:weight|size|height|build|handwriting|strength) of (?:an? )?$")
"""A child of thirteen may have the weight of an 8 year old."""
_NEXT = re.compile(r"\s(\d{2})(?!\d|[:.,]\d)\b")


def _or_the_next(age: Age, low: str) -> Age:
    """Read "maybe 16 17" as one doubted age."""
    following = _NEXT.match(low, age.end)
    if age.low == age.high and age.hedged and following and int(following[1]) == age.high + 1:
        return replace(age, high=age.high + 1, end=following.end())
    return age


def _whole_numbers(age: Age) -> Age:
    return replace(age, low=min(age.low, age.high), high=max(age.low, age.high))


def limits(low: str) -> tuple[bool, bool]:
    """Tell whether a message says "under 18" or "over 18" without an age.

    Args:
        low: plain text.

    Returns:
        Whether it says under, whether it says over.
    """
    return UNDER.search(low) is not None, OVER.search(low) is not None
