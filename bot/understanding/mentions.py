"""Finds numbers and countries in a text, so that the trained reader can say which is an age and which a nationality."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.understanding.age_patterns import BIRTHDAY, SCHOOL, counted, numbered
from bot.understanding.nations import of_no_person
from bot.understanding.nouns import NUMBER_WORD, nouns, number
from bot.understanding.places import found_in
from bot.understanding.text import plain

AGE, NATIONALITY = "age", "nationality"
"""Labels of a word piece that is the age, or names the nationality, of somebody to protect."""
_DATED = r"[/-]\d{1,2}[/-]\d|[/-]\d{4}"
_FIGURE = re.compile(rf"(?<![\d.,:])\d{{1,2}}(?![\d:]|[.,]\d|{_DATED})|\b{NUMBER_WORD}\b")


@dataclass(frozen=True)
class Mention:
    """A number of up to two digits, or a country.

    Args:
        value: the number, or the country's ISO code.
        start: its first character in the text.
        end: one past its last.
    """

    value: int | str
    start: int
    end: int


def figures(text: str) -> list[Mention]:
    """Find the numbers of a text that might be ages.

    Args:
        text: any text.

    Returns:
        Whole numbers below 100 in the order of the text; what can be told to be something else, by its form or by the
        words beside it, is left out.
    """
    low = plain(text)
    spans = [*numbered(low), *counted(low, nouns(low))]
    # The patterns know a class, and the years that somebody will have; neither is the age.
    spans += [match.span() for pattern in (SCHOOL, BIRTHDAY) for match in pattern.finditer(low)]
    found = []
    for match in _FIGURE.finditer(low):
        value = number(match.group())
        other = any(start < match.end() and match.start() < end for start, end in spans)
        if value is not None and value < 100 and not other:
            found.append(Mention(value, match.start(), match.end()))
    return found


def countries(text: str) -> list[Mention]:
    """Find countries, words for their people, and towns; where there are words for people, only those of a country.

    Words that mean a language or a thing are left out.

    Args:
        text: any text.

    Returns:
        They in the order of the text.
    """
    low = plain(text)
    found = [where for where in found_in(text) if where.kind != "people" or not of_no_person(where, low)]
    people = {where.code for where in found if where.kind == "people"}
    return [Mention(where.code, where.start, where.end) for where in found
            if where.kind == "people" or where.code not in people]


KINDS: dict[str, Callable[[str], list[Mention]]] = {AGE: figures, NATIONALITY: countries}
