"""Finds people who have a record of their own beside those to protect: a parent's small child, adults counted along."""
from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bot.protocol.loading import load
from bot.protocol.routes import ADULT
from bot.understanding.nouns import NUMBER_WORD, either, number
from bot.understanding.reading import Person
from bot.understanding.text import plain

_LIST = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
_NAMES = ("leads", "whose", "has", "small", "elsewhere", "grown")
_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": list(_NAMES),
    "properties": {name: _LIST for name in _NAMES},
}
_CHILD_WORDS = r"girls?|boys?|child(?:ren)?|kids?|minors?|teenagers?|baby|babies|schoolgirls?|schoolboys?"


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    data = load(Path(__file__).parent / "data" / "beside.yml", _SCHEMA)
    words = {name: either([re.escape(word).replace(r"\ ", " ") for word in data[name]]) for name in _NAMES}
    age = r"(?:\W{1,3}(?:of |aged? |is )?(?P<years>\d{1,2})(?P<unit> ?(?:months?|mths?|mo|weeks?|wks?|days?))?)?"
    before = r"(?:(?P<first>\d{1,2})(?P<first_unit>[ -]?(?:months?|mths?|mo|weeks?|wks?|days?))?"
    before += r"[ -]?(?:years?|yrs?|yo|y/o)?[ -]?(?:old)? )?"
    whose = rf"(?:{words['leads']} (?:{words['whose']}|(?P<any>a|the))|{words['has']})"
    own = re.compile(rf"(?<!\w){whose} {before}(?P<small>{words['small']})\b{age}")
    aged = r"(?:,? (?:of |aged? )?\d{2}(?: ?(?:yo|y/o|years?(?: old)?|yrs?))?)?"
    together = rf"{aged}(?:,? from [a-z-]+)?(?:,? ?and also|,? ?and|\s*(?:,|&|\+|plus))\s*"
    some = rf"(?:\d{{1,2}}|{NUMBER_WORD}|a|one) (?:\w+ ){{0,2}}?(?:{_CHILD_WORDS})\b"
    adults = rf"(?:\d{{1,2}}|{NUMBER_WORD}|a) (?:\w+ ){{0,2}}?{words['grown']}\b"
    grown = re.compile(rf"(?<!\w)(?:(?P<before>{adults}){together}{some}|{some}{together}(?P<after>{adults}{aged}))")
    return own, re.compile(rf"\W*(?:is |are )?{words['elsewhere']}\b"), grown


def without_babies(text: str) -> str:
    """Blank the words for a parent's own baby, so that its age is not taken for the parent's.

    Args:
        text: the message.

    Returns:
        A text of the same length.
    """
    spans = [match.span() for match in _own_children(plain(text)) if _is_baby(match)]
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def beside(people: list[Person], text: str) -> list[Person]:
    """Add those who are beside the people to protect.

    Args:
        people: who was read.
        text: the message.

    Returns:
        The same people; after them the parent's own small children who are there, and adults counted with a child.
    """
    low = plain(text)
    _, elsewhere, grown = _patterns()
    added = []
    if people:
        for match in _own_children(low):
            if not elsewhere.match(low, match.end()) and _is_parent(people, match):
                added.append(_small_child(match, text))
                break
    if people and any(p.child in ("yes", "unclear") for p in people) and all(p.child != "no" for p in people):
        for match in grown.finditer(low):
            words = match["before"] or match["after"]
            sex: Literal["female"] | None = "female" if re.search(r"wom[ae]n|lad|female", words) else None
            # The first number with two digits is the age of whoever is named first.
            ages = re.findall(r"\b[1-9]\d\b", match.group() if match["before"] else words)
            age = int(ages[0]) if ages and int(ages[0]) >= ADULT else None
            added.append(Person(number(words.split()[0]) or 1, age, "no", sex, text[match.start():match.end()]))
            break
    return [*people, *added]


def _own_children(low: str) -> list[re.Match[str]]:
    """Find the words for somebody's own child; "with a baby" is that only of a mother."""
    found = []
    for match in _patterns()[0].finditer(low):
        before = low[max(0, match.start() - 40):match.start()]
        if not match["any"] or re.search(r"\b(?:mother|mum|mom)\b", before):
            found.append(match)
    return found


def _is_parent(people: list[Person], match: re.Match[str]) -> bool:
    """Tell whether somebody read can be the parent: "her baby" beside a girl, any own child beside an adult."""
    if _is_baby(match):
        return not any(p.age is not None and (p.age if isinstance(p.age, int) else p.age[-1]) < 12 for p in people)
    return all(person.child == "no" for person in people)


_BABY, _OLDEST_BABY = ("bab", "new", "infant", "toddler", "twins", "bebe"), 4


def _is_baby(match: re.Match[str]) -> bool:
    age, months = _age(match)
    return match["small"].startswith(_BABY) or months or (age is not None and age <= _OLDEST_BABY)


def _age(match: re.Match[str]) -> tuple[int | None, bool]:
    """Give the years that are said of a small child, and whether they were said in months or less."""
    said, unit = (match["first"], match["first_unit"]) if match["first"] else (match["years"], match["unit"])
    return (None, False) if said is None else (0, True) if unit else (int(said), False)


def _small_child(match: re.Match[str], text: str) -> Person:
    age, _ = _age(match)
    several = re.match(r"twins|babies|children|kids|sons|daughters", match["small"])
    sex: Literal["female", "male"] | None = None
    if re.search(r"daughter|girl", match["small"]):
        sex = "female"
    elif re.search(r"\bsons?\b|boy", match["small"]):
        sex = "male"
    return Person(2 if several else 1, age if age is not None and age < 18 else None, "yes", sex,
                  text[match.start():match.end()], "yes")
