"""Tells which of the countries named are nationalities of the people to protect, and which of them counts most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.understanding.negation import status
from bot.understanding.nouns import Noun
from bot.understanding.places import Where, context
from bot.understanding.reading import Fact

_CHAIN = 7
"""Characters between two countries of one list: "Syria, Iraq and Iran"."""
_STRONG, _PLAIN, _WEAK = 3.0, 2.0, 1.0
_BESIDE = 1.0
_FAMILY = re.compile(r"(?:step)?(?:mother|mum|mom|mama|mam|father|dad|papa|parents?|parent|family|wom[ae]n|lady|"
    r"m[ae]n)$")
_SUSPECT = re.compile(
    r"\b(?:driver|boyfriend|bf|boss|owner|uncle|pimp|trafficker|suspect|handler|plates?|met|with|by|to|older|husband|"
    r"two|three|another|other)\s+$"
)
_NOT_HIS = re.compile(
    r"[^.;\n]{0,60}?\b(?:not (?:his|hers|her|theirs|the child'?s)|false|fake|forged|falsif\w*|not genuine|"
    r"another child|"
    r"someone else|somebody else|other person|another person|different|bought|borrowed|impost\w+|in the name of|"
    r"lookalike|look-alike)\b"
)
_ROOTS = re.compile(r"(?:heritage|origin|descent|parents?|family|background|roots|community|born|speaking|mother)\b")
_CORRECTED = re.compile(r"\s?\?+,?\s*(?:no\b|romany\b|or\b)|\s?,?\s+no,")
_PAPER = re.compile(r"(?:passport|pasport|ppt|id\b|id card|travel document|citizen card|papers|card)")


@dataclass(frozen=True)
class _Candidate:
    where: Where
    worth: float


def _spoken_of(where: Where, low: str, people: list[Noun], protected: bool) -> Noun | None:
    """Find the person around the child to whom a nationality belongs."""
    for noun in people:
        if not (noun.role == "other" or (noun.role == "adult" and protected)):
            continue
        gap = low[where.end : noun.start] if where.end <= noun.start else low[noun.end : where.start]
        if where.end <= noun.start and re.fullmatch(r"\s+(?:[a-z-]+\s+){0,1}", gap):
            return noun
        if noun.end <= where.start and re.fullmatch(
            r"[\s,(]*(?:is |was |aged? |about |a |also )*(?:\d\d(?:yo|y)?)?[\s,(]*", gap
        ):
            return noun
    return None


def _from_whom(where: Where, low: str, people: list[Noun], protected: bool) -> Noun | None:
    near = [
        n for n in people if n.end <= where.start and where.start - n.end < 12 and "," not in low[n.end : where.start]
    ]
    if near and (near[-1].role == "other" or (near[-1].role == "adult" and protected)):
        return near[-1]
    return None


def of_no_person(where: Where, low: str) -> bool:
    """Tell whether a word for a people means a language or a thing: "speaks Russian", "Thai massage".

    Args:
        where: the word.
        low: plain text.
    """
    before, after = low[max(0, where.start - 60) : where.start], low[where.end : where.end + 30]
    if context()["thing_after"].match(after.lstrip(" -")):
        return True
    after, some = after[:25].lstrip(" -,"), context()["some_before"].search(before)
    if some and context()["tongues"].match(low, where.start):
        return True
    return bool(context()["language_before"].search(before) or context()["language_after"].match(after))


def _beside(where: Where, low: str, people: list[Noun]) -> bool:
    """Tell whether a person to protect or an age stands right beside."""
    for noun in people:
        if noun.role == "other":
            continue
        gap = low[where.end : noun.start] if where.end <= noun.start else low[noun.end : where.start]
        if len(gap) <= 22 and not re.search(r"[.;!?\n]|\b(?:with|by|to|and|from)\b", gap):
            return True
    around = low[max(0, where.start - 14) : where.start] + "|" + low[where.end : where.end + 12]
    return bool(re.search(r"\b\d{1,2}(?:\s?(?:yo|y/?o|yrs?|years?))?[\s,(]*\||\|[\s,(]*(?:of |aged? "
        r")?\d{1,2}\b", around))


def _demonym(where: Where, low: str, people: list[Noun]) -> float:
    after = low[where.end : where.end + 40].lstrip(" -,(")
    if _PAPER.match(after):
        return 0.0 if _NOT_HIS.match(low, where.end) else _PLAIN
    if _ROOTS.match(after):
        return _WEAK
    return _STRONG + (_BESIDE if _beside(where, low, people) else 0)


def _named(where: Where, low: str, people: list[Noun], chain: int) -> float:
    """Weigh a country or a town: whether somebody is said to be from it."""
    words = context()
    before, after = low[max(0, where.start - 45) : where.start], low[where.end : where.end + 30].lstrip(" -")
    linked = 0 <= where.start - chain <= _CHAIN and re.fullmatch(r"[\s,/&+]*(?:and |or )?", low[chain : where.start])
    close = any(n.role in ("child", "youth", "neutral", "adult") and 0 <= where.start - n.end <= 3 for n in people)
    kin = any(n.role == "kin" and 0 <= where.start - n.end <= 2 for n in people)
    aged = re.search(r"(?:\b\d{1,2}|[mf]\d\d)(?: ?yo| yrs| years old)?[\s,+]+$", before)
    away = words["travel_before"].search(before) or words["encounter_before"].search(before)
    country = where.kind == "names"
    protected = [n for n in people if n.role != "other"]
    if country and any(0 < n.first - where.end <= 2 for n in protected):
        return _STRONG
    if any(n.start == where.end + 1 and low[where.end] == " " for n in protected):
        # "Kabul boys": a town in front of somebody is theirs.
        return _PLAIN
    if words["document_after"].match(after):
        return 0.0 if _NOT_HIS.match(low, where.end) else _STRONG
    if words["nation_before"].search(before):
        return _STRONG if country or "born" not in before[-12:] else _PLAIN
    if words["origin_before"].search(before) and not away:
        return _PLAIN + 0.5 if country else _WEAK + 0.5
    if country and (close or kin or aged):
        return _STRONG if re.match(r"[\s,]*\d", low[where.end : where.end + 4]) or aged else _PLAIN
    alone = country and re.search(r"(?:^|[.\n]\s*)$", before) and re.match(r"\s*(?:[.\n?]|$)", low[where.end :])
    if alone or low.strip(" .?!") == low[where.start : where.end]:
        return _PLAIN if country else 0.0
    return _PLAIN if linked and chain > 0 else 0.0


def _weigh(where: Where, low: str, people: list[Noun], protected: bool, chain: int) -> tuple[float, Noun | None]:
    """Weigh one country; gives the worth, and the person around the child to whom it belongs."""
    before = low[max(0, where.start - 45) : where.start]
    if _CORRECTED.match(low, where.end):
        return 0.0, None
    if where.kind == "people":
        if of_no_person(where, low):
            return 0.0, None
        spoken = _spoken_of(where, low, people, protected)
        if spoken is None and context()["opponent_before"].search(before):
            return 0.0, None
        return _demonym(where, low, people), spoken
    return _named(where, low, people, chain), _from_whom(where, low, people, protected)


def nationalities(low: str, text: str, found: list[Where], people: list[Noun], protected: bool) -> list[Fact]:
    """Tell which of the countries found are nationalities of the people to protect.

    Where several are named in different ways, those stand that are said most directly: "Eritrean boy from Zeebrugge"
    is Eritrean. Of a child's own parents the nationality is taken where none is told of the child.

    Args:
        low: plain text.
        text: the message as written.
        found: what `places.wheres` found.
        people: the words for people.
        protected: a child or other person to protect is named besides the adults around.

    Returns:
        One fact per country.
    """
    own: list[_Candidate] = []
    family: list[_Candidate] = []
    chain = -99
    for where in found:
        worth, spoken = _weigh(where, low, people, protected, chain)
        if not worth:
            continue
        if where.kind != "people":
            chain = where.end
        if spoken is None:
            own.append(_Candidate(where, worth))
        elif spoken.role == "adult" or _FAMILY.search(low[spoken.start : spoken.end]):
            first = min(spoken.first, where.start)
            before = low[max(0, first - 12) : first]
            kin = spoken.role != "adult"
            if not _SUSPECT.search(before) and (kin or not re.search(r"\ban? $", before)):
                family.append(_Candidate(where, worth))
    facts: dict[str, Fact] = {}
    for candidate in _best(own) or _best(family):
        where = candidate.where
        sure: Literal["stated", "hedged", "denied"] = status(text, where.start, where.end)
        fact = Fact("nationality", where.code, sure, text[where.start : where.end], where.start, where.end)
        old = facts.get(where.code)
        if old is None or (old.status != "stated" and fact.status == "stated"):
            facts[where.code] = fact
    return list(facts.values())


def _best(candidates: list[_Candidate]) -> list[_Candidate]:
    top = max((c.worth for c in candidates), default=0.0)
    return [c for c in candidates if c.worth > top - _BESIDE]
