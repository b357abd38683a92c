"""The presumption of childhood in reading: who was read as an adult beside any sign of a child is uncertain.

A child sent to an adults' route is the one mistake that must not happen, so a doubt in the text outweighs the reading
(protocol, section 3, rule 2). Somebody's own children are no such sign.
"""
from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.loading import load
from bot.understanding.reading import Person
from bot.understanding.text import plain

_DATA = Path(__file__).parent / "data" / "presumption.yml"
_WORDS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["child", "own", "like"],
    "properties": {"child": _WORDS, "own": _WORDS, "like": _WORDS},
}
_YOUNG = r"(?:1[0-7]|(?<![\d.:])[5-9])"
_AGES = re.compile(
    rf"\b{_YOUNG} ?(?:yo|y/o|yrs?|years?)(?: old| of age)?\b(?! (?:ago|later|here|in|since|now|of|with|for))"
    rf"|\b[fm] ?/?{_YOUNG}\b"
    rf"|\b(?:aged?|is|says|looks|claims|maybe|about|around) {_YOUNG}\b"
    r"(?![:.,]\d|%| ?(?:km|eur|€|kg|h\b|am|pm|men|women|people|days|hours|weeks|months|times))"
    r"|\b(?:born|dob|d\.o\.b\.?|birth)\D{0,14}(?:\d{1,2}[/.-]\d{1,2}[/.-])?20(?:09|1\d|2\d)\b"
)

_BIRTH_DATE = re.compile(r"\b(?:dob|born|birth)\D{0,14}\d{1,2}[/.-]\d{1,2}[/.-]\d{4}")
_DOUBT = re.compile(r"\b(?:looks?|claims?|says?|seems?|appears?|doubt\w*|fake|false|think|but)\b")


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    data = load(_DATA, _SCHEMA)
    child, own, like = ("|".join(map(re.escape, data[name])) for name in ("child", "own", "like"))
    return re.compile(rf"\b(?:{child})\b"), re.compile(rf"\b(?:{own})[ -](?:\w+ )?$"), re.compile(rf"\b(?:{like})\b")


def presume(people: list[Person], text: str) -> list[Person]:
    """Make an adult uncertain where the text gives any reason to think of a child.

    Args:
        people: who was read, changed in place.
        text: the message.

    Returns:
        The same people; where all were adults and the text speaks of a child, the first one is uncertain.
    """
    low = plain(text)
    # A whole birth date that nobody doubts is known better than by a word such as "boy".
    known = _BIRTH_DATE.search(low) and not _DOUBT.search(low)
    if people and not known and all(person.child == "no" for person in people) and _speaks_of_a_child(low):
        people[0].child = "unclear"
    return people


def _speaks_of_a_child(low: str) -> bool:
    child, own, like = _patterns()
    if any(not own.search(low[max(0, word.start() - 24):word.start()]) for word in child.finditer(low)):
        return True
    return like.search(low) is not None or _AGES.search(low) is not None
