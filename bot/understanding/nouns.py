"""Finds the words for people in a message: girl, boys, man, uncle, three workers, with number and sex."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bot.protocol.loading import load

Role = Literal["child", "youth", "neutral", "adult", "other", "kin"]
Sex = Literal["female", "male"]
DATA = Path(__file__).parent / "data"
CERTAINLY_CHILDREN = re.compile(r"\b(?:child(?:ren)?|kids?|bab(?:y|ies)|newborns?|infants?|toddlers?|minors?)$")
"""A word that means nobody grown, as "girl" may."""
_LIST = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_PEOPLE = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"one": _LIST, "many": _LIST},
        "required": ["one", "many"],
        "additionalProperties": False,
    },
}
_NUMBERS = {
    "type": "object",
    "properties": {
        "words": {"type": "object"},
        "counts": {"type": "object"},
        "months": {"type": "object"},
        "age_units": _LIST,
        "not_units": _LIST,
        "not_counted": _LIST,
        "fillers": _LIST,
        "birth": _LIST,
        "numbered": _LIST,
        "no_age_after": _LIST,
        "figures": _LIST,
    },
    "required": ["words", "counts", "months", "age_units", "not_units", "not_counted", "fillers", "birth", "numbered",
                 "no_age_after", "figures"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Noun:
    """A word for people.

    Args:
        start: its first character.
        end: one past its last.
        role: what it says about whom it means.
        sex: female, male or None.
        plural: it means several.
        count: how many, where a number stands before it.
        first: first character with the number and the words between.
    """

    start: int
    end: int
    role: Role
    sex: Sex | None
    plural: bool
    count: int | None
    first: int


@lru_cache(maxsize=1)
def numbers() -> dict[str, Any]:
    """Give the number words and units of `numbers.yml`."""
    data: dict[str, Any] = load(DATA / "numbers.yml", _NUMBERS)
    return data


def either(listed: list[str]) -> str:
    """Join expressions into one group, the longest first."""
    return (
        "(?:"
        + "|".join(item.replace(" ?", r"\s?").replace(" ", r"\s+") for item in sorted(listed, key=len, reverse=True))
        + ")"
    )


NUMBER_WORD = either(list(numbers()["words"]))


def number(word: str) -> int | None:
    """Read a number in digits or words.

    Args:
        word: plain text.

    Returns:
        The number, None where it is none.
    """
    if word.isdecimal():
        return int(word)
    key = re.sub(r"\s+", " ", word)
    value = numbers()["words"].get(key, numbers()["counts"].get(key))
    return value if isinstance(value, int) else None


@lru_cache(maxsize=1)
def _kinds() -> list[tuple[re.Pattern[str], Role, Sex | None, bool]]:
    people = load(DATA / "people.yml", _PEOPLE)
    found: list[tuple[re.Pattern[str], Role, Sex | None, bool]] = []
    for key, forms in people.items():
        role, sex = key.split("_")
        for name in ("many", "one"):
            sexed: Sex | None = None if sex == "any" else sex
            found.append((re.compile(either(forms[name])), role, sexed, name == "many"))
    return found


@lru_cache(maxsize=1)
def _whole() -> re.Pattern[str]:
    # The longest phrase wins: "older man" before "man".
    phrases = [
        phrase for forms in load(DATA / "people.yml", _PEOPLE).values() for form in forms.values() for phrase in form
    ]
    things = (
        r"'s?\s+(?:own\s+)?(?:clothes|shoes|section|ward|home|unit|court|clinic|refuge|shelter|hospital|"
        r"centre|center|aid|hostel|services?)"
    )
    return re.compile(rf"(?<![a-z0-9'])(?:{either(phrases)})(?![a-z0-9]|{things})")


@lru_cache(maxsize=1024)
def _kind(word: str) -> tuple[Role, Sex | None, bool]:
    return next((role, sex, plural) for pattern, role, sex, plural in _kinds() if pattern.fullmatch(word))


_BETWEEN = (
    r"(?:(?!(?:and|or|with|without|years?|yrs?|yo|months?|weeks?|days?|hours?|of|in|to|is|says?|for|old|ans|jahre|"
    r"other|others|more|further)\b)[a-z-]+\s+){0,3}"
)
_COUNT = re.compile(
    rf"(?<![\w.,:/€£$-])(\d{{1,3}}|{NUMBER_WORD}|{either(list(numbers()['counts']))})(?:\s*x)?\s+{_BETWEEN}$"
)


def nouns(low: str) -> list[Noun]:
    """Find the words for people.

    Args:
        low: plain text.

    Returns:
        They in the order of the text, not overlapping.
    """
    found = []
    for match in _whole().finditer(low):
        role, sex, plural = _kind(re.sub(r"\s+", " ", match.group()))
        before = low[max(0, match.start() - 45) : match.start()]
        counted = _COUNT.search(before)
        count = number(counted[1]) if counted else None
        if count is not None and not plural and count > 1:
            count = None
        first = match.start() - len(before) + counted.start() if counted and count is not None else match.start()
        found.append(Noun(match.start(), match.end(), role, sex, plural, count, first))
    return found


_ANY = re.compile(
    r"\b(?:no|any|another|other|without|of other|friend's|like a|as a|like|our|of a|every|each|"
    r"all the other|for|dating|met)\s+$"
)
_NONE = re.compile(r"\b(?:no|other|another|school|no other|w/?out|without|any)\s+$|\bparent-$")
_SMALL = re.compile(r"(?:newborn|bab|child|kid|infant|toddler|daughter|son|boys?\b|girls?\b)")
_HAS = re.compile(
    r"\b(?:she|who|also|and|already|now) (?:has|had) (?:a|an|her|own|two|\d) (?:own |small |little |new ?born )?$"
    r"|^has a $|, has a $"
    r"|\b(?:her|his|their|auntie's|aunt's|woman's|family's|lady's|uncle's|boss's|employer's|couple's|"
    r"minded|looks after) "
    r"(?:own |small |little |other |two |three |new ?born )?$"
)
_THING = re.compile(
    r"\s*\((?:her |his |their )?own\b|\s?friend|friend|'s (?:home|services|house|hospital|unit)|\s?[:?]\s?(?:no|"
    r"none|nil)\b"
    r"|\s+(?:protection|services|benefit|care|soldier|marriage|labou?r|abuse|helpline|psych|traffick|porn|home\b)"
)


def to_protect(words: list[Noun], low: str) -> list[Noun]:
    """Leave out those who are only spoken of: "his sister", "her baby", "no victims", "other women's passports".

    Args:
        words: what `nouns` found.
        low: plain text.

    Returns:
        The words that can mean somebody to be protected.
    """
    kept = []
    for noun in words:
        before, after = low[max(0, noun.start - 24) : noun.start], low[noun.end : noun.end + 14]
        spoken_of = noun.role == "other" or (noun.role != "child" and _ANY.search(before))
        own_child = _HAS.search(before) and _SMALL.match(low, noun.start)
        if not (spoken_of or own_child or _NONE.search(before) or _THING.match(after)):
            kept.append(noun)
    return kept
