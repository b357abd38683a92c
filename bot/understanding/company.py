"""Tells with whom somebody is when met: alone, with a claimed relative, with another adult, with children."""

from __future__ import annotations

import re

from bot.understanding.facts import Story, found
from bot.understanding.phrases import topic
from bot.understanding.reading import Fact

_INTERVIEW = re.compile(
    r"\b(?:talk\w*|sp[eo]ak\w*|spoke|interview\w*|saw|seen?|ask\w*|left|leave|be|heard|listened) (?:\w+ ){0,3}$"
)
_OF_OTHERS = re.compile(
    r"\b(?:met|joined|paid|promised|arranged|contacted|called|phoned|rang|lives? with|was|were|used to (?:be|"
    r"live)|before|in (?:italy|libya|calais|turkey)) (?:\w+ ){0,2}$"
)
_WORK = re.compile(
    r"\b(?:skipper|captain|gangmaster|foreman|madam|pimp|director|owner|boss|employer|farmer|trawler|vessel|"
    r"ship|boat|patera|dinghy|lorry|truck|farm|factory|raid|brothel|sweatshop|site|workshop|car wash|nail bar|"
    r"academy|warehouse)\b"
)


def company(story: Story) -> list[Fact]:
    """Read with whom somebody is where they are met.

    Args:
        story: the message.

    Returns:
        One fact, hedged where it is only inferred from what is told; none where nothing points to it.
    """
    facts = {
        value: [f for f in listed if f.status != "denied"] for (_, value), listed in found(story, "company").items()
    }
    low = story.low
    siblings = facts.get("both", [])
    alone = [f for f in facts.get("alone", []) if not _INTERVIEW.search(low[max(0, f.start - 40) : f.start])]
    relative = [
        f
        for f in facts.get("with_adult_relative_claimed", [])
        if not _is_a_child(story, f.words) and not _OF_OTHERS.search(low[max(0, f.start - 30) : f.start])
        and not any(both.start <= f.start and f.end <= both.end for both in siblings)
    ]
    adult = facts.get("with_other_adult", [])
    children = [*facts.get("with_children", []), *siblings]
    explicit = [f for f in alone if len(f.words) > 3 and "left" not in f.words]
    several = any(p.count > 1 and p.child != "no" for p in story.people)
    strong = [f for f in adult if not _WORK.fullmatch(f.words.lower().strip())]
    left, weak = _left(story, "strong"), _left(story, "weak")
    came = next((f for f in found(story, "story").get(("residence", "abroad"), []) if f.status == "stated"), None)
    on_the_way = came and Fact("accompanied", "alone", "hedged", came.words, came.start, came.end)
    contradicted = re.search(
        r"\bnot (?:his|her|their|the) (?:real |own |biological )?(?:father|mother|parents?|mum|dad|uncle|aunt)|"
        r"\bno relation|unrelated|(?:isn'?t|is not|not really|not actually) (?:his|her|their|the) (?:real |"
        r"own )?(?:father|mother|mum|dad|aunt\w*|uncle|parents?)",
        low,
    )
    chosen: Fact | None = None
    value = ""
    crowd = any(noun.count and noun.count > 2 for noun in story.nouns if noun.role != "other")
    if any(f.status != "denied" for f in found(story, "story").get(("missing", "now"), [])):
        # Who is missing is with nobody yet; "from the unit" is where the child was.
        left = weak = None
    if explicit and not (relative and contradicted):
        chosen, value = explicit[0], "alone"
    elif left and _RAN.search(low) and not several and not crowd:
        chosen, value = left, "alone"
    elif relative and not contradicted:
        chosen, value = relative[0], "with_adult_relative_claimed"
    elif relative:
        chosen, value = relative[0], "with_other_adult"
    elif strong and not (weak and not several):
        chosen, value = strong[0], "with_other_adult"
    elif adult and (several or crowd or not (left or weak)):
        chosen, value = adult[0], "with_other_adult"
    elif children:
        chosen, value = children[0], "with_children"
    elif (left or weak or on_the_way) and len(story.people) == 1 and story.people[0].count == 1:
        chosen, value = left or weak or on_the_way, "alone"
    elif crowd and (around := next((n for n in story.nouns if n.role == "other"), None)) is not None:
        words = story.text[around.start : around.end]
        chosen, value = Fact("accompanied", "", "hedged", words, around.start, around.end), "with_other_adult"
    if chosen is None:
        return _nobody_told_of(story)
    sure = (
        "hedged" if (chosen in adult and chosen not in strong) or chosen in (left, weak, on_the_way) else chosen.status
    )
    return [Fact("accompanied", value, sure, chosen.words, chosen.start, chosen.end)]


def _is_a_child(story: Story, words: str) -> bool:
    """Tell whether a word for a relative means a child that is told of: "her sister is 12"."""
    return any(p.relative and p.child == "yes" and p.age is not None and p.words and p.words.lower() in words.lower()
               for p in story.people)


_ADULTS = re.compile(
    r"\b(?:boss|owner|madame?|man|men|woman|women|lady|couple|guy|fella|mum|mam|mother|father|dad|parents?|family|husband|"
    r"boyfriend|bf|lover|uncle|aunt\w*|cousin|they|agency|pastor|coach|employer|driver|group|crew|mates|grandm\w+)\b"
)


def _nobody_told_of(story: Story) -> list[Fact]:
    """Infer, doubted, that one person is alone where nobody else is told of at all."""
    one = len(story.people) == 1 and story.people[0].count == 1 and story.people[0].child is not None
    around = any(noun.role in ("other", "adult", "kin") for noun in story.nouns) or _ADULTS.search(story.low)
    gone = any(f.status != "denied" for f in found(story, "story").get(("missing", "now"), []))
    if not one or around or gone or "?" in story.low or len(story.low) < 60:
        return []
    words = story.people[0].words
    start = max(0, story.text.find(words)) if words else 0
    return [Fact("accompanied", "alone", "hedged", words, start, start + len(words))]


_RAN = re.compile(
    r"\b(?:ran|fled|escaped|got away|walked in(?:to)?|came to us|collapsed|self[- ]referr\w+|turned up|"
    r"showed up)\b"
)


def _left(story: Story, how: str) -> Fact | None:
    listed = found(story, "company").get(("left", how), [])
    fact = next((f for f in listed if f.status != "denied"), None)
    if fact is None:
        return None
    return Fact("accompanied", "alone", "hedged", fact.words, fact.start, fact.end)


def claimed_link(story: Story) -> list[Fact]:
    """Read what an adult around the child claims to be, or is called.

    Args:
        story: the message.

    Returns:
        One fact with the words, hedged unless somebody is said to accompany the child.
    """
    links = [hit for hit in topic("links").find(story.low) if not _is_a_child(story, story.low[hit.start : hit.end])]
    hit = next(iter(sorted(links, key=lambda h: h.start)), None)
    if hit is None:
        return []
    words = story.text[hit.start : hit.end]
    return [Fact("claimed_link", words.strip("'\" ").lower(), "hedged", words, hit.start, hit.end)]
