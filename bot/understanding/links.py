"""Tells whether parents or a guardian are proven: by papers, a register or an authority, and by nobody doubted."""

from __future__ import annotations

import re

from bot.understanding.facts import Story, found
from bot.understanding.reading import Fact

_DOUBT = re.compile(
    r"\b(?:claims?|claimed|claiming|says? (?:he|she) is (?:the |his |her )?(?:uncle|aunt|father|mother)|"
    r"alleged\w*|so-?called|"
    r"not (?:his|her|their) (?:real |own )?(?:father|mother|parents?|mum|dad|uncle|aunt|child|sister|brother)|"
    r"unrelated|"
    r"not related|no relation|fake|forged|false|dodgy|suspicious|photocopied|doubt\w*|different surnames?|other "
    r"surname|"
    r"doesn't match|does not match|not match|differs?|not verified|cannot verify|can't verify|unverified|"
    r"pending|no letter|"
    r"bought|sold|owes?|debt|'uncle'|'aunt\w*'|'nephew'|'niece'|'mother'|'father'|\"uncle\"|\"aunt\w*\"|wedding|marry|"
    r"married off|nikah|engaged|taken abroad|trafficked by|rents? her|beg(?:s|ging)?)\b"
)


def link_checked(story: Story) -> list[Fact]:
    """Read whether the link of the adults to a child was proven.

    Args:
        story: the message.

    Returns:
        `link_checked: yes` where papers, a register, a court or an authority prove it and nothing in the message
        doubts it; nothing otherwise: a claim alone never proves a link.
    """
    if not any(person.child in ("yes", "unclear") for person in story.people) or _DOUBT.search(story.low):
        return []
    listed = found(story, "checked").get(("link_checked", "yes"), [])
    fact = next((f for f in listed if f.status == "stated"), None)
    return [Fact("link_checked", "yes", fact.status, fact.words, fact.start, fact.end)] if fact else []
