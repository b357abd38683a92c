"""Leaves of the ages in a message those of the people to protect, where adults around them have ages too."""

from __future__ import annotations

import re

from bot.understanding.adulthood import ADULT
from bot.understanding.ages import Age
from bot.understanding.nouns import CERTAINLY_CHILDREN, Noun

_GROWN = 25
_APART = re.compile(r"\b(?:w|with|and|by|from|brought|holding|carrying)\b|\+|&")

_LISTED = re.compile(r"[\s,/]*(?:(?:and|with|w|plus|\+|&|wife|husband|partner|his|her|their|an?|the)[\s,]+)*")
"""Stands between a grown-up's age and the children who are named right beside: "42, wife, four children"."""


def own_ages(mine: list[Age], children: list[Noun], low: str) -> list[Age]:
    """Drop ages of grown-ups that stand beside a child's: "f16 with two males, late 20s", "F44 with baby girl".

    Args:
        mine: the ages that could be of the people to protect.
        children: the words for children.
        low: plain text.

    Returns:
        The ages that are left; all of them where a group of people is told of, or one person's age is disputed.
    """
    grown = [a for a in mine if a.low >= _GROWN and a.kind == "now" and (a.noun is None or a.noun not in children)]
    certain = [n for n in children if CERTAINLY_CHILDREN.search(low[n.start : n.end])]
    beside = any(_LISTED.fullmatch(low[a.end : n.first]) for a in grown for n in certain)
    if beside and len(grown) == len(mine):
        return []
    if any(n.plural and (n.count or 0) > 2 for n in children) or any(a.noun and (a.noun.count or 0) > 2 for a in mine):
        return mine
    minors = [a for a in mine if a.high < ADULT and a.kind == "now" and not a.hedged]
    if minors:
        first = minors[0]
        return [a for a in mine if not (a.low >= ADULT and _of_somebody_else(a, first, low))]
    if children and len(grown) == len(mine) and any(_APART.search(_gap(a, children[0], low)) for a in grown):
        return []
    return mine


def _of_somebody_else(age: Age, minor: Age, low: str) -> bool:
    if age.kind in ("claim",) or age.hedged:
        return False
    if age.kind == "look":
        return bool(re.match(r"(?:early|mid|late)?\s*-?\d0s|\w*t(?:ies|y)", low[age.start : age.end]))
    return age.noun is not None and age.noun is not minor.noun


def _gap(age: Age, noun: Noun, low: str) -> str:
    return low[age.end : noun.start] if age.end <= noun.start else low[noun.end : age.start]
