"""Decides whether somebody counts as a child: in doubt not an adult (presumption of childhood)."""

from __future__ import annotations

import re
from typing import Literal

from bot.protocol.routes import ADULT
from bot.understanding.ages import limits

Child = Literal["yes", "no", "unclear"]
BARELY = 20
"""Years up to which an adult age is doubted where anything speaks of a child."""
_YOUNG_LOOK = re.compile(
    r"\b(?:looks? (?:much |far |very |a lot |so |really |way |even |more )?(?:young|younger|"
    r"like (?:a )?(?:child|kid|minor|teen\w*|schoolgirl|boy|girl))|younger (?:than|looking)|child-?like|"
    r"childish|baby ?face\w*|"
    r"(?:seems?|appears?|clearly|presents?(?: as)?|looks?) (?:much |far |very |to be |like |a |an |"
    r"as )*(?:younger|young|minor|under ?-?age|child|teen\w*|under 18|below 18)|not (?:an? )?adult|"
    r"could be (?:a )?(?:minor|child|under ?-?age|younger|under 18)|may be (?:a )?(?:minor|child|younger|"
    r"under ?-?age)|might be (?:a )?(?:minor|child|younger|under ?-?age|under 18)|maybe (?:a )?(?:minor|"
    r"child|younger|under ?-?age|under 18)|(?:doubt|dispute[sd]?|disputing|not sure (?:about|of)|"
    r"unsure (?:about|of)?|unknown|unclear|uncertain) (?:\w+ ){0,3}(?:age|18|adult)|"
    r"age (?:is |was |are )?(?:disputed|unclear|unknown|uncertain|dispute|not sure|doubtful|questionable|"
    r"assessment|not known)|(?:very|really|so|extremely) young|(?:teen|teenage|school)\w*|no breasts|"
    r"no beard|milk teeth)\b"
)
_OLD_LOOK = re.compile(
    r"\b(?:looks? (?:much |far |a lot |way )?(?:older|like an? adult|adult)|(?:seems?|appears?|"
    r"presents? as) (?:much )?(?:older|an adult|adult)|older than (?:he|she) (?:says|claims)|think (?:he|"
    r"she)(?:'s| is|s) (?:an adult|older)|(?:over|above) 18)\b"
)


def _bounds(age: int | list[int] | None) -> tuple[int, int] | None:
    if age is None:
        return None
    return (age, age) if isinstance(age, int) else (age[0], age[-1])


def child_or_not(age: int | list[int] | None, role: str, low: str, claimed: bool, hedged: bool) -> Child | None:
    """Decide child or not; any reason to think of somebody under 18 makes an adult age unclear.

    Args:
        age: years, or lowest and highest.
        role: what the word for the person says about the age (`nouns.Role`).
        low: the message as plain text.
        claimed: the age is only claimed.
        hedged: the text itself doubts the age.

    Returns:
        yes, no or unclear; None where nothing is said.
    """
    bounds = _bounds(age)
    young = _YOUNG_LOOK.search(low) is not None
    if bounds is None:
        under, over = limits(low)
        if role == "child":
            return "unclear" if over or _OLD_LOOK.search(low) else "yes"
        if under:
            return "unclear" if over or role == "adult" else "yes"
        if role == "youth":
            return "unclear"
        if role == "adult" or over:
            return "unclear" if young else "no"
        return "unclear" if young else None
    lowest, highest = bounds
    if highest < ADULT:
        return "yes"
    if lowest >= ADULT:
        doubted = hedged and lowest <= BARELY
        return "unclear" if doubted or young or (claimed and lowest <= 19) else "no"
    return "unclear"
