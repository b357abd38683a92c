"""Reads one message: people, facts and signs, put together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from bot.understanding import danger as alarm
from bot.understanding.beside import beside, without_babies
from bot.understanding.company import claimed_link, company
from bot.understanding.facts import READERS, Story
from bot.understanding.forms import exploitation
from bot.understanding.links import link_checked
from bot.understanding.nations import nationalities
from bot.understanding.people import people
from bot.understanding.places import Where, country, found_in
from bot.understanding.presumption import presume
from bot.understanding.reading import Fact, Reading, Sign
from bot.understanding.text import plain, sentences
from bot.understanding.traces import borne, traces

_LONGEST = 20_000
"""Characters that are read; what stands behind them stays in the account as written."""


def _danger(text: str) -> list[Fact]:
    found = alarm.spans(text)
    if found:
        start, end = found[0]
        return [Fact("danger", True, "stated", text[start:end], start, end)]
    denied = alarm.denied(text)
    return [Fact("danger", False, "stated", text[slice(*denied)], *denied)] if denied else []


def _residence(
    facts: list[Fact], nations: list[Fact], towns: list[Where], low: str, where: Fact | None, here: str | None
) -> list[Fact]:
    """Add the country of residence where it follows from what is said."""
    code = where.value if where else here
    lives = next((fact for fact in facts if fact.field == "residence"), None)
    if lives is not None and code and nations and code not in {fact.value for fact in nations}:
        # "Our citizen, Latvian, in a cell in Tromsø": not here but of here. "Our boy" may be either.
        if re.search(r"citizen|national", lives.words, re.I):
            lives.value = "taken_abroad"
            return []
        if re.match(r"(?:our|own)\b", lives.words, re.I):
            lives.status = "hedged"
    if lives is not None and lives.value == "here" and code:
        return [Fact("residence_country", code, "hedged", lives.words, lives.start, lives.end)]
    # "Boy, Portuguese, born in Braga": a birthplace named without its country is one of the writer's own.
    codes = {fact.value for fact in nations}
    for town in towns if lives is None and where is None else []:
        if (
            town.kind == "places"
            and town.code in codes
            and re.search(r"\bborn (?:and raised )?in $", low[: town.start])
        ):
            return [Fact("residence", "here", "hedged", low[town.start : town.end], town.start, town.end)]
    return []


def read(
    text: str, today: dt.date, here: str | None = None, signs: Callable[[str], list[Sign]] | None = None
) -> Reading:
    """Read one message of a responder.

    Args:
        text: the message as written, anything at all.
        today: the day on which ages count.
        here: ISO code of the responder's country where it is known.
        signs: finds the indicators; that of `bot.understanding.signs` where None.

    Returns:
        What was read; every finding points at its words. Never raises for any text.
    """
    if signs is None:
        from bot.understanding.signs import find_signs as signs
    text = text[:_LONGEST]
    low = plain(text)
    towns = found_in(text)
    found, met = traces(text)
    who = people(without_babies(met), today, [(w.start, w.end) for w in towns if w.kind != "places"])
    presume(who.people, text)
    who.people = beside(who.people, text)
    protected = any(person.child in ("yes", "unclear") for person in who.people)
    nations = nationalities(low, text, towns, who.nouns, protected)
    where = country(low, text, towns, {str(n.value) for n in nations}, here)
    story = Story(text, low, who.nouns, who.people)
    facts = [*who.facts, *nations, *([where] if where else []), *_danger(text), *company(story), *claimed_link(story)]
    facts += [*exploitation(story), *link_checked(story)]
    for reader in READERS:
        facts += reader(story)
    if (where.value if where and where.status == "stated" else here) not in ("GB", None):
        facts = [f for f in facts if f.field != "residence" or "british" not in f.words.lower()]
    facts += _residence(facts, nations, towns, low, where, here)
    seen = signs(text)
    # "Papers of other girls, nobody else in the flat, she owes the agency": that is the one to protect.
    facts += [found] if found and not borne(seen) else []
    spans = [*who.spans, *((f.start, f.end) for f in facts), *((s.start, s.end) for s in seen)]
    silent = [s.text for s in sentences(text) if not any(a < s.end and s.start < b for a, b in spans)]
    told = {f.field for f in facts if f.status != "denied"}
    named = any(p.age is not None or p.child for p in who.people) or (who.people and not _QUESTION.search(low))
    about = bool(named or told & _SURE or len(told & _WEAK) > 1 or (seen and "?" not in text))
    if _NO_CASE.search(low) and not any(p.age is not None for p in who.people):
        about = False
    return Reading(who.people, facts, seen, silent, about)


_SURE = frozenset({"nationality", "danger", "missing", "age_problem"})
_WEAK = frozenset(
    {"accompanied", "documents", "exploitation", "fear", "residence", "suspect_present", "language", "tonight"}
)
_QUESTION = re.compile(r"\?|^\W*(?:can|could|may|should|must|do|does|did|is|are|what|who|how|why|when|where|which)\b")
_NO_CASE = re.compile(
    r"\b(?:no (?:actual |real |specific |particular |concrete )?(?:case|child|person)\b(?! of)"
    r"|not about (?:a|any) (?:case|person|child)|in general|hypothetical\w*|theoretical\w*|staff meeting"
    r"|(?:for|preparing) (?:a |our |the )?(?:training|presentation|workshop|leaflet|essay|thesis))"
)
