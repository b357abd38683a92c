"""Reads for what somebody is used: weighs the phrases of each form, so that the form most told of stands."""

from __future__ import annotations

import re

from bot.understanding.facts import Story, found
from bot.understanding.reading import Fact

_DEFINITE = frozenset(
    {"armed_conflict", "surrogacy", "organ_removal", "forced_marriage", "illegal_adoption", "begging", "benefit_fraud"}
)
"""Forms whose words mean hardly anything else; work, house work, theft and the like are often told beside them."""
_COMMON = frozenset({"labour", "domestic_servitude", "criminality", "sexual"})
_LOOSE = re.compile(
    r"pa(?:id|ys?)\b|wage|salary|hours|\d ?h\b|day|live-?in|sleep|mattress|floor|madame?$|passport|paper|phone|"
    r"boss|owner|"
    r"hotel|hair|pregnan|sti\b|arrest|custody|caught|found|no day|night|lock"
)
"""Words told of any form: they support the one that other words show, and show none where another is shown."""


def _spans(listed: list[Fact]) -> list[Fact]:
    """Leave one fact for each place of the text that is spoken for."""
    kept: list[Fact] = []
    for fact in sorted((f for f in listed if f.status != "denied"), key=lambda f: f.start):
        if kept and fact.start < kept[-1].end:
            if fact.end - fact.start > kept[-1].end - kept[-1].start:
                kept[-1] = fact
            continue
        kept.append(fact)
    return kept


def _weight(facts: list[Fact]) -> float:
    return sum(0.5 if _LOOSE.search(f.words.lower()) else 1.0 for f in facts)


def _ordinary(story: Story) -> int:
    """Count the places that tell of lawful work, ordinary family life, or that nobody exploits anybody."""
    hits = [f for listed in found(story, "ordinary").values() for f in listed]
    return len(_spans(hits))


def exploitation(story: Story) -> list[Fact]:
    """Read for what somebody is used.

    Args:
        story: the message.

    Returns:
        One fact per form: those told most of. A form that is only denied is given as denied; none where what is told
        is ordinary work or family life.
    """
    facts = {value: listed for (_, value), listed in found(story, "exploitation").items()}
    spans = {form: kept for form, listed in facts.items() if (kept := _spans(listed))}
    weights = {form: _weight(kept) for form, kept in spans.items()}
    denied = [listed[0] for form, listed in facts.items() if listed and form not in spans]
    ordinary = _ordinary(story)
    if ordinary:
        weights = {f: w for f, w in weights.items() if w > ordinary or (f in _DEFINITE and ordinary < 2)}
    definite = max((w for f, w in weights.items() if f in _DEFINITE), default=0.0)
    common = max((w for f, w in weights.items() if f in _COMMON), default=0.0)
    chosen = []
    for form, weight in weights.items():
        if form in _DEFINITE:
            keep = (weight >= 1 and weight * 2.5 >= common) or weight >= common
        elif definite >= 1:
            keep = weight > 2 * definite and weight >= 2.5
        else:
            keep = weight > 0.65 * common
        if keep:
            chosen.append(form)
    return [min(spans[form], key=lambda f: (f.status != "stated", f.start)) for form in chosen] + denied
