"""Decides what a message is: a command, a question, or something told; phrases first, the learned intent last."""
from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

from rasa.shared.nlu.constants import INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY

from bot.understanding.asking import question_in
from bot.understanding.commands import commands
from bot.understanding.danger import cannot_talk, danger, wants_human
from bot.understanding.learned import Opinion, reader
from bot.understanding.reader import read
from bot.understanding.reading import Reading
from bot.understanding.second import ALWAYS, FEWEST_TO_DOUBT, presume_minors, weigh
from bot.understanding.text import without_markup

TAP = "#"
SURE = 0.85
"""Confidence from which a learned intent is believed, and then only in a short message that says nothing of a case."""

_LEAD = re.compile(
    r"^\W*(?:(?:sorry|correction|no|wrong|make that|actually|hmm|oops|wait|typo|(?:i )?mistyped|i meant?|my mistake|"
    r"it'?s|it is|(?:it )?should be)\b\W*)+", re.I)
_CONTRAST = re.compile(
    r"\bnot\b.{1,30}\b(?:but|actually)\b|\bactually\b|\bnot .{1,20}, (?:s?he|it|they)\b"
    r"|^\W*(?:(?:it|s?he)'?s )?(?:an? )?[\w-]+,? not (?:an? )?[\w-]+\W*$",
    re.I,
)
_DENIED = re.compile(
    r"\b(?:and |but )?not\b(?:(?!\b(?:but|actually|s?he|it|they|s?hes|its|s?he's|it's)\b)[^,.;])*", re.I)

TELLING_COMMANDS = ("correct", "new_case", "add_person", "gone")
"""Commands that also tell of somebody, so that what they tell is read in full."""

SHORT = 8
"""Words up to which a message may be a command that no phrase lists."""
WHO_MAY_COLLECT = ("adult_takes_child", "who_collects")
"""Answers to a responder who asks whether a child may be handed over."""
_OF_THEMSELVES = re.compile(r"\b(?:i|i'm|im|me|my|mine|we|us|our|ours)\b", re.IGNORECASE)

VERDICTS = ("ask_route", "ask_verdict")
OF_VERDICTS = ("officially_victim", "enough_proof", "nfp_or_nrm", "what_is_nfp", "which_signs", "what_counts",
               "trafficking_or_smuggling")
"""Answers beside which the calm "nobody here decides that" still comes first."""


def understand(text: str, today: date, here: str | None, learned: dict[str, Any]) -> tuple[str, Reading, str | None]:
    """Decide what a message is and what it says.

    Args:
        text: the message.
        today: for ages.
        here: ISO code of the responder's country, where known.
        learned: the intent that the trained classifier suggests, with its confidence.

    Returns:
        The intent; the reading (a tap is never read as words); the question that is asked, as `question_in` gives it.
    """
    if text.startswith(TAP):
        return "tap", Reading(), None
    text = without_markup(text)
    reading, opinion = read(text, today, here), reader().read(text)
    command = _command(text, reading, opinion, learned)
    short = len(text.split()) <= SHORT * 2
    if command == "correct" and short and _DENIED.sub("", text).strip(" .,!") == "":
        # "Not afraid of going home": says nothing that could stand instead of what was told.
        command = None
    elif command in ("correct", "change"):
        tells = bool(reading.people or reading.facts)
        left = Reading() if tells and not short else read(_blanked(_DENIED, _blanked(_LEAD, text)), today, here)
        # "wrong, he is with his brother" says itself what is right.
        if command == "correct" or (_LEAD.match(text) if tells else left.people or left.facts):
            command, reading = "correct", _corrected(reading, left)
    asked = question_in(text, reading, opinion)
    if _is_rather_a_question(command, asked, text):
        command = None
    if command and command not in TELLING_COMMANDS:
        return command, reading, None
    if asked is not None and not reading.about_a_person and len(text.split()) < FEWEST_TO_DOUBT:
        # "Do I put them in handcuffs?" tells of nobody who is.
        reading = replace(reading, signs=[], facts=[fact for fact in reading.facts if fact.field in ALWAYS])
    # Danger is never answered with advice on something else alone.
    if command is None and asked is not None and not reading.tells_something and not danger(text):
        return "ask", reading, asked
    asked = asked if command in (None, "correct") else None
    # A question that tells nothing but whom it is about is no report, and a short one hardly tells more.
    tells = bool(reading.facts or reading.signs) and len(text.split()) >= FEWEST_TO_DOUBT
    only_asks = asked is not None and not tells
    weighed = presume_minors(reading, text, opinion) if only_asks else weigh(reading, text, opinion, here)
    return command or "inform", weighed, asked


def _blanked(words: re.Pattern[str], text: str) -> str:
    return words.sub(lambda match: " " * len(match.group()), text)


def _corrected(reading: Reading, left: Reading) -> Reading:
    """Give what a correction says, with what holds instead of what does not: "not a boy, a girl"."""
    people = left.people if any(p.age is not None or p.child for p in left.people) else reading.people or left.people
    told = {fact.field for fact in left.facts}
    return replace(reading, people=people, facts=[*(f for f in reading.facts if f.field not in told), *left.facts],
                   about_a_person=reading.about_a_person or left.about_a_person)


def _command(text: str, reading: Reading, opinion: Opinion, learned: dict[str, Any]) -> str | None:
    """Choose the command, which a message that tells of somebody gives less easily."""
    size = len(text.split())
    command = commands().find(text)
    if command in (None, "change") and size <= SHORT * 2 and _CONTRAST.search(text):
        command = "correct"
    if command is None and cannot_talk(text) and size <= SHORT * 2:
        command = "cannot_talk"
    if command is None and not (reading.people or reading.signs or size > SHORT * 3):
        if wants_human(text):
            command = "human"
        elif _believed(text, learned) and question_in(text, reading, opinion) is None:
            command = learned.get(INTENT_NAME_KEY)
    tells_much = len(reading.signs) + len(reading.facts) > 2
    if (
        (command == "add_person" and size > SHORT and not _describes_somebody(reading))
        or (command in ("victim", "controller") and reading.people and size > SHORT * 3)
        or (command == "controller" and tells_much)
    ):
        return None
    return command


def _is_rather_a_question(command: str | None, asked: str | None, text: str) -> bool:
    """Tell whether a command stands in a question: "can the father pick him up?", "NFP or police first?"."""
    if command == "controller":
        return asked in WHO_MAY_COLLECT and _OF_THEMSELVES.search(text) is None
    return command in VERDICTS and bool(asked) and asked not in OF_VERDICTS


def _describes_somebody(reading: Reading) -> bool:
    return any(person.age is not None or person.child for person in reading.people)


def _believed(text: str, learned: dict[str, Any]) -> bool:
    return len(text.split()) <= SHORT and learned.get(PREDICTED_CONFIDENCE_KEY, 0) >= SURE
