"""Finds countries, nationalities and towns, and tells whose they are: the person's, the place's or the way's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from bot.protocol.loading import load
from bot.understanding.negation import status
from bot.understanding.nouns import Noun
from bot.understanding.phrases import Phrases, optional
from bot.understanding.reading import Fact

DATA = Path(__file__).parent / "data"
_LIST = {"type": "array", "items": {"type": "string"}}
_SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"names": _LIST, "people": _LIST, "places": _LIST},
        "required": ["names", "people", "places"],
        "additionalProperties": False,
    },
}
_WORDS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1}}
_LONGEST = 5
_FUZZY = 7
"""Words of this length and more may have one letter wrong."""


@dataclass(frozen=True)
class Where:
    """A country, a nationality or a town found.

    Args:
        start: first character.
        end: one past the last.
        code: ISO 3166-1 alpha-2 code.
        kind: the country's name, a word for its people, or a place in it.
    """

    start: int
    end: int
    code: str
    kind: Literal["names", "people", "places"]


@lru_cache(maxsize=1)
def _vocabulary() -> dict[tuple[str, ...], tuple[str, Literal["names", "people", "places"]]]:
    found: dict[tuple[str, ...], tuple[str, Literal["names", "people", "places"]]] = {}
    for code, entry in load(DATA / "countries.yml", _SCHEMA).items():
        for kind in ("places", "people", "names"):
            for phrase in entry[kind]:
                found[tuple(re.findall(r"[a-z0-9]+", phrase))] = (code, kind)
    return found


def _deletions(word: str) -> set[str]:
    return {word} | {word[:i] + word[i + 1 :] for i in range(1, len(word))}


@lru_cache(maxsize=1)
def _near() -> dict[str, tuple[str, ...]]:
    """Index the long names by what is left when one letter is missing, so that a slip finds them without a search."""
    found: dict[str, tuple[str, ...]] = {}
    for words, (_, kind) in _vocabulary().items():
        if len(words) == 1 and len(words[0]) >= _FUZZY and kind != "places":
            for left in _deletions(words[0]):
                found.setdefault(left, words)
    return found


@lru_cache(maxsize=1)
def _context() -> dict[str, re.Pattern[str]]:
    data = load(DATA / "places.yml", _WORDS)
    found = {}
    for name, phrases in data.items():
        inner = "|".join(
            optional(phrase).replace(" ?", r"\s?").replace(" ", r"[\s'\"-]+")
            for phrase in sorted(phrases, key=len, reverse=True)
        )
        found[name] = re.compile(f"(?<![a-z])(?:{inner})" + (r"[\s,'\"(:]*$" if name.endswith("before") else ""))
    return found


def wheres(low: str) -> list[Where]:
    """Find countries, words for their people, and towns, the longest name first.

    Args:
        low: plain text.

    Returns:
        They in the order of the text, not overlapping.
    """
    tokens = list(re.finditer(r"[a-z0-9]+", low))
    words = [token.group() for token in tokens]
    vocabulary, near, ordinary = _vocabulary(), _near(), _context()["ordinary"]
    firsts = _firsts()
    found: list[Where] = []
    i = 0
    while i < len(words):
        hit: tuple[str, Literal["names", "people", "places"]] | None = None
        length = 0
        if words[i] in firsts:
            for length in range(min(_LONGEST, len(words) - i), 0, -1):
                hit = vocabulary.get(tuple(words[i : i + length]))
                if hit:
                    break
        elif len(words[i]) >= _FUZZY - 1 and not ordinary.match(words[i] + " "):
            close = next((near[left] for left in _deletions(words[i]) if left in near), None)
            if close and abs(len(close[0]) - len(words[i])) <= 1:
                hit, length = vocabulary[close], 1
        if hit:
            found.append(Where(tokens[i].start(), tokens[i + length - 1].end(), *hit))
        i += max(1, length if hit else 1)
    return found


@lru_cache(maxsize=1)
def _firsts() -> frozenset[str]:
    return frozenset(words[0] for words in _vocabulary())


def _others(where: Where, low: str, people: list[Noun], protected: bool) -> bool:
    """Tell whether a nationality is that of somebody around the child."""
    for noun in people:
        around = noun.role == "other" or (noun.role == "adult" and protected)
        if not around:
            continue
        gap = low[where.end : noun.start] if where.end <= noun.start else low[noun.end : where.start]
        if where.end <= noun.start and re.fullmatch(r"\s+(?:[a-z-]+\s+){0,1}", gap):
            return True
        if noun.end <= where.start and re.fullmatch(
            r"[\s,(]*(?:is |was |aged? |about |a )*(?:\d\d(?:yo|y)?)?[\s,(]*", gap
        ):
            return True
    return False


def _language(where: Where, low: str) -> bool:
    before, after = low[max(0, where.start - 60) : where.start], low[where.end : where.end + 25]
    after, some = after.lstrip(" -,"), _context()["some_before"].search(before)
    if some and _context()["tongues"].match(low, where.start):
        return True
    return bool(_context()["language_before"].search(before) or _context()["language_after"].match(after))


def nationalities(low: str, text: str, found: list[Where], people: list[Noun], protected: bool) -> list[Fact]:
    """Tell which of the countries found are nationalities of the people to protect.

    Args:
        low: plain text.
        text: the message as written.
        found: what `wheres` found.
        people: the words for people.
        protected: a child or other person to protect is named besides the adults around.

    Returns:
        One fact per country.
    """
    context = _context()
    facts: dict[str, Fact] = {}
    chain = -99
    for where in found:
        before, after = low[max(0, where.start - 45) : where.start], low[where.end : where.end + 30].lstrip(" -")
        if where.kind == "people":
            if _language(where, low) or context["thing_after"].match(after) or _others(where, low, people, protected):
                continue
            if context["opponent_before"].search(before):
                continue
        else:
            from_list = 0 <= where.start - chain <= 7 and re.fullmatch(
                r"[\s,/&+]*(?:and |or )?", low[chain : where.start]
            )
            right_after = any(n.role in ("child", "youth", "neutral") and 0 <= where.start - n.end <= 3 for n in people)
            aged = where.kind == "names" and re.search(
                r"(?:\b\d{1,2}|[mf]\d\d)(?: ?yo| yrs| years old)?[\s,]+$", before
            )
            named = context["nation_before"].search(before) or context["document_after"].match(after)
            away = context["travel_before"].search(before) or context["encounter_before"].search(before)
            comes = context["origin_before"].search(before) and not away
            only = low.strip(" .?!") == low[where.start : where.end] and where.kind == "names"
            if not (from_list or named or comes or only or (where.kind == "names" and (right_after or aged))):
                continue
            if _others_from(where, low, people, protected):
                continue
            chain = where.end
        fact = Fact(
            "nationality",
            where.code,
            status(text, where.start, where.end),
            text[where.start : where.end],
            where.start,
            where.end,
        )
        old = facts.get(where.code)
        if old is None or (old.status != "stated" and fact.status == "stated"):
            facts[where.code] = fact
    return list(facts.values())


def _others_from(where: Where, low: str, people: list[Noun], protected: bool) -> bool:
    near = [
        n for n in people if n.end <= where.start and where.start - n.end < 12 and "," not in low[n.end : where.start]
    ]
    return bool(near) and (near[-1].role == "other" or (near[-1].role == "adult" and protected))


_HEADING = re.compile(
    r"^\W*(?:(?!from\b|born\b|of\b|via\b|speaks?\b|girl|boy|child|male|female|kid|wom[ae]n|m[ae]n\b|\d)[a-z0-9&/-]+,?\s+){0,3}$"
)
"""A town so near to the beginning, with nothing but a word or two before it, says where the writer is."""


@lru_cache(maxsize=1)
def _hints() -> Phrases:
    return Phrases(load(DATA / "idioms.yml", _WORDS))


def country(low: str, text: str, found: list[Where], nations: set[str], here: str | None) -> Fact | None:
    """Tell in which country the encounter is.

    Args:
        low: plain text.
        text: the message as written.
        found: what `wheres` found.
        nations: nationalities of the people to protect.
        here: the responder's country where it is known; an idiom does not override it.

    Returns:
        The fact, hedged where only the way of writing points to the country; None where nothing does.
    """
    context = _context()
    best: tuple[float, Where] | None = None
    for where in found:
        before = low[max(0, where.start - 45) : where.start]
        after = low[where.end : where.end + 30].lstrip(" -")
        leading = not re.search(r"[.!?;\n]", low[: where.start].strip()) and where.start < 60
        standing = (
            re.match(r"\s*(?:[.:,;\n|-]|$|\d|insp|police|airport|nick)", low[where.end : where.end + 12]) is not None
        )
        worth = 0.0
        if context["encounter_before"].search(before):
            worth = 9
        elif where.kind == "people":
            worth = 7 if context["side_after"].match(after) else 0
        elif context["away_before"].search(before):
            worth = 0
        elif context["place_after"].match(after) or context["found_before"].search(before):
            worth = 6
        elif (
            leading
            and standing
            and _HEADING.match(low[: where.start])
            and not any(other.end <= where.start for other in found)
        ):
            worth = 8 if where.kind == "places" else 5
        elif context["at_before"].search(before):
            worth = 5 if leading else 3.5 if where.code not in nations else 0
        if worth and (best is None or worth > best[0]):
            best = worth, where
    if best is not None and best[0] >= 3:
        _, where = best
        return Fact("country", where.code, "stated", text[where.start : where.end], where.start, where.end)
    if here is None:
        counts: dict[str, tuple[int, int, int]] = {}
        for hit in _hints().find(low):
            seen = counts.get(hit.label)
            counts[hit.label] = ((seen[0] if seen else 0) + 1, hit.start, hit.end)
        if counts:
            code, (_, start, end) = max(counts.items(), key=lambda item: item[1][0])
            return Fact("country", code, "hedged", text[start:end], start, end)
    return None
