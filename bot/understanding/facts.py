"""Reads the facts of a case that phrases tell: papers, company, asylum, missing, residence, work, who writes."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.understanding.negation import status
from bot.understanding.nouns import Noun
from bot.understanding.phrases import topic
from bot.understanding.reading import Fact, Person, Status

_RANK = {"stated": 2, "hedged": 1, "denied": 0}


@dataclass
class Story:
    """What the readers of facts need.

    Args:
        text: the message as written.
        low: the same as plain text.
        nouns: its words for people.
        people: the people to protect.
    """

    text: str
    low: str
    nouns: list[Noun]
    people: list[Person]


def found(story: Story, name: str) -> dict[tuple[str, str], list[Fact]]:
    """Find all phrases of one topic.

    Args:
        story: the message.
        name: the topic, a file of `data/`.

    Returns:
        For each field and value the facts, the surest first.
    """
    facts: dict[tuple[str, str], list[Fact]] = {}
    for hit in topic(name).find(story.low):
        field, value = hit.label.split(":")
        fact = Fact(field, value, status(story.text, hit.start, hit.end), story.text[hit.start:hit.end], hit.start, hit.end)
        facts.setdefault((field, value), []).append(fact)
    for listed in facts.values():
        listed.sort(key=lambda fact: (-_RANK[fact.status], fact.start))
    return facts


def _best(facts: dict[tuple[str, str], list[Fact]], field: str, order: list[str], doubtful: bool = True) -> Fact | None:
    """Choose the first value of `order` that is stated, else the first that is hedged."""
    for wanted in ("stated", "hedged") if doubtful else ("stated",):
        for value in order:
            for fact in facts.get((field, value), []):
                if fact.status == wanted:
                    return fact
    return None


def documents(story: Story) -> list[Fact]:
    """Read the state of the papers at the encounter: held by somebody before false, before none, before own."""
    facts = found(story, "papers")
    seen = {value: next((f for f in listed if f.status != "denied"), None) for (_, value), listed in facts.items()}
    for value in ("held_by_other", "false_or_suspect", "none", "own"):
        fact = seen.get(value)
        if fact is not None:
            return [fact]
    own = facts.get(("documents", "own"))
    if own:
        return [Fact("documents", "none", "hedged", own[0].words, own[0].start, own[0].end)]
    return []


def fear(story: Story) -> list[Fact]:
    """Read a wish for asylum, a fear of return, refugee status, or that these are denied."""
    facts = found(story, "story")
    denied = _best(facts, "fear", ["denied"])
    for value in ("asylum", "refugee", "fear"):
        for fact in facts.get(("fear", value), []):
            inside = denied is not None and fact.start < denied.end and denied.start < fact.end
            if fact.status == "denied" or inside:
                denied = denied or fact
                continue
            return [fact]
    if denied is not None:
        return [Fact("fear", "denied", "stated", denied.words, denied.start, denied.end)]
    return []


_BACK = re.compile(r"\b(?:came back|comes back|returned|is back|back now|was found|found (?:safe|yesterday|today|again)|turned up|located)\b")
_GONE_BEFORE = re.compile(r"\b(?:last time|previous\w*|earlier|before|last year)\W+(?:\w+\W+){0,3}$")


def missing(story: Story) -> list[Fact]:
    """Read whether somebody is missing now, was before, or may abscond."""
    facts = found(story, "story")
    now = [f for f in facts.get(("missing", "now"), []) if f.status != "denied" and not _GONE_BEFORE.search(story.low[:f.start])]
    later = facts.get(("missing", "may_abscond"), [])
    earlier = facts.get(("missing", "earlier"), [])
    now = [f for f in now if not any(f.start < o.end and o.start < f.end for o in [*later, *earlier])]
    if now:
        last = max(f.end for f in now)
        back = _BACK.search(story.low, last)
        if back is None or re.search(r"\blast time\W+(?:\w+\W+){0,2}$", story.low[:back.start()]):
            return [now[0]]
        return [Fact("missing", "earlier", now[0].status, now[0].words, now[0].start, now[0].end)]
    for listed in (later, earlier):
        for fact in listed:
            if fact.status != "denied":
                return [fact]
    no = facts.get(("missing", "no"))
    return [Fact("missing", "no", "stated", no[0].words, no[0].start, no[0].end)] if no else []


def residence(story: Story) -> list[Fact]:
    """Read whether somebody lives here or came from abroad; a settled life here goes before the way it began."""
    facts = found(story, "story")
    here = next((f for f in facts.get(("residence", "here"), []) if f.status != "denied"), None)
    abroad = next((f for f in facts.get(("residence", "abroad"), []) if f.status != "denied"), None)
    denied = next((f for f in facts.get(("residence", "here"), []) if f.status == "denied"), None)
    if here is not None:
        return [here]
    if abroad is not None:
        return [abroad]
    return [Fact("residence", "abroad", "hedged", denied.words, denied.start, denied.end)] if denied else []


def exploitation(story: Story) -> list[Fact]:
    """Read for what somebody is used, one fact per form; a form that is only denied is given as denied."""
    facts = {value: listed for (_, value), listed in found(story, "exploitation").items()}
    # House work for a family is often told with wages too: that alone does not make it a second form.
    if "domestic_servitude" in facts and facts["domestic_servitude"][0].status != "denied" and "labour" in facts:
        strong = [f for f in facts["labour"] if not re.search(r"pa(?:id|ys?)|wage|salary|hours|day|live-?in|sleep", f.words.lower())]
        facts["labour"] = strong
    if "surrogacy" in facts:
        facts.pop("illegal_adoption", None)
    return [listed[0] for listed in facts.values() if listed]


def role(story: Story) -> list[Fact]:
    """Read who writes: outright ("nurse here") or, doubted, by words that lead the message."""
    hits = [f for listed in found(story, "roles").values() for f in listed if f.status != "denied"]
    outright = [f for f in hits if re.search(r"\b(?:here|speaking|writing|my|our|i'?m)\b", f.words.lower())]
    leading = [f for f in hits if f.start < 30 and re.match(r"\s*(?:[.,:;\n-]|$|duty\b|at\b|from\b|in\b)", story.low[f.end:f.end + 8])]
    chosen = min(outright or leading or [f for f in hits if f.start < 30], key=lambda f: f.start, default=None)
    if chosen is None:
        return []
    sure: Status = "stated" if outright else "hedged"
    return [Fact("role", chosen.value, sure, chosen.words, chosen.start, chosen.end)]


def _words(field: str) -> Callable[[Story], list[Fact]]:
    def read(story: Story) -> list[Fact]:
        name = "scenes" if field == "place" else "story"
        listed = found(story, name).get((field, "said"), [])
        return [Fact(field, f.words.strip(), f.status, f.words, f.start, f.end) for f in listed[:1] if f.status != "denied"]

    return read


def suspect_present(story: Story) -> list[Fact]:
    """Read whether a suspect is on the spot."""
    facts = found(story, "story")
    fact = _best(facts, "suspect_present", ["yes", "no"])
    if fact is None:
        return []
    value: Any = fact.value == "yes"
    return [Fact("suspect_present", value, fact.status, fact.words, fact.start, fact.end)]


def language(story: Story) -> list[Fact]:
    """Read the languages somebody speaks, by their English names."""
    facts = [listed[0] for listed in found(story, "languages").values() if listed[0].status != "denied"]
    return [Fact("language", f.value, f.status, f.words, f.start, f.end) for f in facts]


READERS: tuple[Callable[[Story], list[Fact]], ...] = (
    documents, fear, missing, residence, exploitation, role, suspect_present, language,
    _words("tonight"), _words("phone"), _words("place"),
)
"""All readers of facts by phrases; company has a module of its own."""
