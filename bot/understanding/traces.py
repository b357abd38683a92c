"""Reads that somebody was met with things of others: papers, phones, names, and nobody to protect."""

from __future__ import annotations

from bot.protocol.indicators import indicators
from bot.understanding.nouns import nouns
from bot.understanding.phrases import topic
from bot.understanding.reading import Fact, Sign
from bot.understanding.text import plain

_OF_THINGS = frozenset({"document_control", "unexplained_money_goods_phone", "online_grooming", "unclear_relationship"})
"""Groups of signs that are seen of people whom nobody has met."""


def traces(text: str) -> tuple[Fact | None, str]:
    """Find things of others, where it is said that nobody to protect was met.

    Args:
        text: the message.

    Returns:
        The fact `victims_met`, "no", or None; and the text of the same length with blanks for those whose things they
        are, who are not among the people met.
    """
    hits = list(topic("traces").find(plain(text)))
    first = {hit.label.partition(":")[2]: hit for hit in reversed(hits)}
    nobody = first.get("no_victim") if "of_others" in first or "loose" in first else None
    nobody = nobody or (first.get("nobody_else") if "of_others" in first else None)
    if nobody is None:
        return None, text
    whose = [hit for hit in hits if hit.label.endswith((":of_others", ":no_victim"))]
    left = text
    for noun in nouns(plain(text)):
        if any(hit.start <= noun.start and noun.end <= hit.end for hit in whose):
            left = left[: noun.start] + " " * (noun.end - noun.start) + left[noun.end :]
    return Fact("victims_met", "no", "stated", text[nobody.start : nobody.end], nobody.start, nobody.end), left


def borne(signs: list[Sign]) -> bool:
    """Tell whether signs are those of somebody exploited, and not only of things that were found."""
    return any(sign.seen != "denied" and set(indicators()[sign.id].assessment) - _OF_THINGS for sign in signs)
