"""Reads the facts of a case that phrases tell: papers, company, asylum, missing, residence, work, who writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.understanding.negation import status
from bot.understanding.nouns import Noun
from bot.understanding.phrases import topic
from bot.understanding.reading import Fact, Person, Status
from bot.understanding.text import plain

_RANK = {"stated": 2, "hedged": 1, "denied": 0}


@dataclass
class Story:
    """What the readers of facts need.

    Args:
        text: the message as written.
        low: the same as plain text.
        nouns: its words for people.
        people: the people to protect.
        known: what `found` has found so far.
    """

    text: str
    low: str
    nouns: list[Noun]
    people: list[Person]
    known: dict[str, dict[tuple[str, str], list[Fact]]] = field(default_factory=dict)


def found(story: Story, name: str) -> dict[tuple[str, str], list[Fact]]:
    """Find all phrases of one topic.

    Args:
        story: the message.
        name: the topic, a file of `data/`.

    Returns:
        For each field and value the facts, the surest first.
    """
    if name in story.known:
        return story.known[name]
    facts = story.known[name] = {}
    for hit in topic(name).find(story.low):
        about, value = hit.label.split(":")
        sure = status(story.text, hit.start, hit.end)
        fact = Fact(about, value, sure, story.text[hit.start : hit.end], hit.start, hit.end)
        facts.setdefault((about, value), []).append(fact)
    for listed in facts.values():
        listed.sort(key=lambda fact: (-_RANK[fact.status], fact.start))
    return facts


def _best(facts: dict[tuple[str, str], list[Fact]], about: str, order: list[str]) -> Fact | None:
    """Choose the first value of `order` that is stated, else the first that is hedged."""
    for wanted in ("stated", "hedged"):
        for value in order:
            for fact in facts.get((about, value), []):
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
            return [_whose(story, fact)]
    own = facts.get(("documents", "own"))
    if own and re.search(r"pas+port|paper|doc|\bids?\b", own[0].words.lower()):
        return [Fact("documents", "none", "hedged", own[0].words, own[0].start, own[0].end)]
    return []


def _whose(story: Story, fact: Fact) -> Fact:
    """Put right who holds the papers where only "his" and "her" tell: "passport is with him" beside a girl."""
    words = fact.words.lower()
    sex = story.people[0].sex if story.people else None
    said = re.search(r"\b(?:with|on|in) (him|his|her)\b", words)
    if fact.value == "own" and said and sex is not None and (said[1] == "her") != (sex == "female"):
        return Fact(fact.field, "held_by_other", "hedged", fact.words, fact.start, fact.end)
    whose = re.match(r"(?:(he|she) )?(?:has|have|holds|keeps) (his|her|their)\b", words)
    if fact.value == "held_by_other" and whose:
        first = max(story.low.rfind(mark, 0, fact.start) for mark in ".!?;\n") + 1
        who = whose[1] or (re.findall(r"\bs?he\b", story.low[first : fact.start]) or [None])[-1]
        if who and {"his": "he", "her": "she"}.get(whose[2], who) != who:
            return fact
        if not any(
            first <= n.start < fact.start and n.role in ("other", "adult") and n.sex != sex for n in story.nouns
        ):
            return Fact(fact.field, "own", "hedged", fact.words, fact.start, fact.end)
    return fact


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


BACK = re.compile(
    r"\b(?:came back|comes back|returned|is back|back now|was found|found (?:safe|yesterday|today|again)|"
    r"turned up|located|back with (?:his|her|the|their)|"
    r"(?:mispers?|report|alert|search|episode) (?:was |were |is |has been |already )?"
    r"(?:closed|cancell?ed|withdrawn|lifted))\b"
)
"""Who was missing was found, where it stands behind the words for that."""
_NOT_BACK = re.compile(
    r"\b(?:(?:phone|mobile|sim|signal|gps|car|last) (?:was |is )?|"
    r"(?:should|must|will|would|(?:was|were|is|supposed|due|meant|expected) to|if|until|till|unless|not|never|nobody) "
    r"(?:\w+ ){0,2}|"
    r"(?:last time|usually|normally|mostly|always|previously|other times|each time|every time|before (?:he|she|they))\b"
    r"[^.!?;\n]*)$"
)
"""Ends before such words where something else was found, somebody came back at other times, or only should have."""
_OF_SOMETHING = re.compile(
    r"\b(?:certificates?|papers?|documents?|passports?|pages?|tooth|teeth|finger\w*|signatures?|forms?|stamps?|consent|"
    r"permits?|shoes?|money|wages?|files?|letters?|cards?|phones?|brother|father|mother|parents?|friend|husband|uncle|"
    r"cousin|nobody|people)\W+(?:\w+\W+){0,1}$"
)
_GONE_BEFORE = re.compile(r"\b(?:last time|previous\w*|earlier|before|last year)\W+(?:\w+\W+){0,3}$")


def back(text: str, behind: int = 0) -> re.Match[str] | None:
    """Find the words by which somebody was found again or came back.

    Args:
        text: the message.
        behind: where they must end behind.

    Returns:
        The first that are neither denied nor about something else, or another time.
    """
    low = plain(text)
    return next((match for match in BACK.finditer(low) if match.end() > behind and not _NOT_BACK.search(
        low[: match.start()]) and status(text, *match.span()) != "denied"), None)


def missing(story: Story) -> list[Fact]:
    """Read whether somebody is missing now, was before, or may abscond."""
    facts = found(story, "story")
    now = [
        f
        for f in facts.get(("missing", "now"), [])
        if f.status != "denied"
        and not _GONE_BEFORE.search(story.low[: f.start])
        and not _OF_SOMETHING.search(story.low[max(0, f.start - 30) : f.start])
        and not re.match(r"(?:certificate|paper|document|passport|nobody|no one)", f.words.lower())
    ]
    later = facts.get(("missing", "may_abscond"), [])
    earlier = facts.get(("missing", "earlier"), [])
    now = [f for f in now if not any(f.start < o.end and o.start < f.end for o in [*later, *earlier])]
    if now:
        # "Misper closed": the words may themselves go on to say so.
        last = max(f.end for f in now)
        found_again = back(story.text, last)
        if found_again is None:
            return [now[0]]
        span = found_again.span()
        return [Fact("missing", "earlier", now[0].status, story.text[slice(*span)], *span)]
    for listed in (later, earlier):
        for fact in listed:
            if fact.status != "denied":
                return [fact]
    no = facts.get(("missing", "no"))
    return [Fact("missing", "no", "stated", no[0].words, no[0].start, no[0].end)] if no else []


def residence(story: Story) -> list[Fact]:
    """Read whether somebody lives here or came from abroad; a settled life here goes before the way it began."""
    facts = found(story, "story")
    here = next((f for f in facts.get(("residence", "here"), []) if f.status != "denied" and not _held(story, f)), None)
    abroad = next((f for f in facts.get(("residence", "abroad"), []) if f.status != "denied"), None)
    denied = next((f for f in facts.get(("residence", "here"), []) if f.status == "denied"), None)
    if here is not None:
        return [here]
    if abroad is not None:
        return [abroad]
    return [Fact("residence", "abroad", "hedged", denied.words, denied.start, denied.end)] if denied else []


def _held(story: Story, fact: Fact) -> bool:
    """Tell whether the stay is one under an exploiter, which is no residence (ToR, glossary, habitual residence)."""
    others = found(story, "story").get(("under_exploiter", "here"), [])
    return any(f.start < fact.end and fact.start < f.end for f in others if f.status != "denied")


def exploited_as_child(story: Story) -> list[Fact]:
    """Read that it began in childhood, where all who are described are adults now."""
    if not story.people or any(person.child != "no" for person in story.people if not person.dependent):
        return []
    listed = found(story, "story").get(("exploited_as_child", "yes"), [])
    return [f for f in listed if f.status != "denied"][:1]


_ANOTHER = re.compile(
    r"\b(?:driver|man|men|uncle|aunt|adults?|suspects?|trafficker|boss|owner|husband|boyfriend)\W+(?:\w+\W+){0,3}$"
)


def offences(story: Story) -> list[Fact]:
    """Read whether an offence is held against somebody to be protected; an adult's beside them is not theirs."""
    for value in ("held", "yes"):
        for fact in found(story, "story").get(("offences", value), []):
            before = story.low[max(0, fact.start - 40) : fact.start]
            if fact.status != "denied" and not _ANOTHER.search(before):
                return [Fact("offences", value, "hedged", fact.words, fact.start, fact.end)]
    return []


def role(story: Story) -> list[Fact]:
    """Read who writes: outright ("nurse here") or, doubted, by words that lead the message."""
    hits = [f for listed in found(story, "roles").values() for f in listed if f.status != "denied"]
    me = re.compile(r"\b(?:i am|i'm|im|as|we are|ich bin|je suis|soy|sono) (?:an? |the |school |eine? |une? )?$")
    outright = [
        f
        for f in hits
        if re.search(r"\b(?:here|speaking|writing|my|our|i'?m)\b", f.words.lower())
        or me.search(story.low[max(0, f.start - 24) : f.start])
    ]
    leading = [
        f
        for f in hits
        if f.start < 30 and re.match(r"\s*(?:[.,:;\n-]|$|duty\b|at\b|from\b|in\b)", story.low[f.end : f.end + 8])
    ]
    chosen = min(outright or leading or [f for f in hits if f.start < 30], key=lambda f: f.start, default=None)
    if chosen is None:
        return []
    sure: Status = "stated" if outright else "hedged"
    return [Fact("role", chosen.value, sure, chosen.words, chosen.start, chosen.end)]


def _words(about: str) -> Callable[[Story], list[Fact]]:
    def read(story: Story) -> list[Fact]:
        name = "scenes" if about == "place" else "story"
        listed = found(story, name).get((about, "said"), [])
        return [
            Fact(about, f.words.strip(), f.status, f.words, f.start, f.end) for f in listed[:1] if f.status != "denied"
        ]

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
    documents,
    fear,
    missing,
    residence,
    role,
    offences,
    exploited_as_child,
    suspect_present,
    language,
    _words("tonight"),
    _words("phone"),
    _words("place"),
)
"""All readers of facts by phrases; company has a module of its own."""
