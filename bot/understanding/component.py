"""The Rasa graph component: reads each message once and puts intent and facts on it, as one structured object."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, METADATA, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.commands import commands
from bot.understanding.danger import cannot_talk, danger, wants_human
from bot.understanding.learned import Opinion, reader
from bot.understanding.questions import find_question, is_question
from bot.understanding.reader import read
from bot.understanding.reading import Reading
from bot.understanding.second import FEWEST_TO_DOUBT, answer_asked, weigh
from bot.understanding.text import sentences, without_markup

CASE_FACTS = "case_facts"
"""Key of the reading on the message."""

TAP = "#"
SURE = 0.85
"""Confidence from which a learned intent is believed, and then only in a short message that says nothing of a case."""

_LEAD = re.compile(r"^\W*(?:(?:sorry|correction|no|wrong|make that|actually|hmm|typo|i meant?|my mistake)\b\W*)+", re.I)
_CONTRAST = re.compile(
    r"\bnot\b.{1,30}\b(?:but|actually)\b|\bactually\b|^\W*[\w-]+,? not [\w-]+\W*$|\bnot .{1,20}, (?:s?he|it|they)\b",
    re.I,
)
_DENIED = re.compile(r"\b(?:and |but )?not\b[^,.;]*", re.I)

TELLING_COMMANDS = ("correct", "new_case", "add_person", "gone")
"""Commands that also tell of somebody, so that what they tell is read in full."""

SHORT = 8
"""Words up to which a message may be a command that no phrase lists."""


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=False)
class MessageReader(GraphComponent):
    """Has the last word on the intent: phrases first, a story is a story, the learned intent only for short remarks."""

    @classmethod
    def create(cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
               execution_context: ExecutionContext) -> MessageReader:
        """Make the component; phrases and patterns load at the first message."""
        return cls()

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Give the fingerprint of all that the reading depends on, so that Rasa's cache sees a changed phrase."""
        return {"inputs": fingerprint()}

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave the training data as it is."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message.

        Args:
            messages: what was written; `metadata` may carry `today` (ISO date) and `here` (ISO country).

        Returns:
            The same messages with intent and `case_facts`.
        """
        for message in messages:
            text = message.get(TEXT) or ""
            around = message.get(METADATA) or {}
            today = date.fromisoformat(around["today"]) if "today" in around else datetime.now(timezone.utc).date()
            intent, reading, asked = understand(text, today, around.get("here"), message.get(INTENT) or {})
            message.set(INTENT, {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: 1.0}, add_to_output=True)
            facts = {**reading.to_dict(), "danger_words": danger(text), "question": asked}
            message.set(CASE_FACTS, facts, add_to_output=True)
        return messages


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
    command = commands().find(text)
    if command in (None, "change") and len(text.split()) <= SHORT * 2 and _CONTRAST.search(text):
        command = "correct"
    if command == "correct" and not (reading.people or reading.facts):
        # "15 not 16": what is denied goes, so that what is left can be read.
        reading = read(_DENIED.sub(" ", _LEAD.sub("", text)), today, here)
    story = bool(reading.people or reading.signs or len(text.split()) > SHORT * 3)
    if command is None and cannot_talk(text) and len(text.split()) <= SHORT * 2:
        command = "cannot_talk"
    if command is None and not story:
        if wants_human(text):
            command = "human"
        elif _believed(text, learned) and question_in(text, reading, opinion) is None:
            command = learned.get(INTENT_NAME_KEY)
    if command == "add_person" and len(text.split()) > SHORT and not _describes_somebody(reading):
        command = None
    if command in ("victim", "controller") and reading.people and len(text.split()) > SHORT * 3:
        command = None
    if command == "controller" and len(reading.signs) + len(reading.facts) > 2:
        command = None
    asked = question_in(text, reading, opinion)
    if command == "controller" and asked in WHO_MAY_COLLECT and not _OF_THEMSELVES.search(text):
        # "Can the father pick him up?" is a responder's question; "I pick him up" is nobody's.
        command = None
    if command and command not in TELLING_COMMANDS:
        return command, reading, None
    # Danger is never answered with advice on something else alone.
    if command is None and asked is not None and not tells_something(reading) and not danger(text):
        return "ask", reading, asked
    asked = asked if command in (None, "correct") else None
    # A question that tells nothing but whom it is about is no report, and a short one hardly tells more.
    tells = bool(reading.facts or reading.signs) and len(text.split()) >= FEWEST_TO_DOUBT
    only_asks = asked is not None and not tells
    return command or "inform", reading if only_asks else weigh(reading, text, opinion), asked


def _describes_somebody(reading: Reading) -> bool:
    return any(person.age is not None or person.child for person in reading.people)


def _believed(text: str, learned: dict[str, Any]) -> bool:
    return len(text.split()) <= SHORT and learned.get(PREDICTED_CONFIDENCE_KEY, 0) >= SURE


WHO_MAY_COLLECT = ("adult_takes_child", "who_collects")
"""Answers to a responder who asks whether a child may be handed over."""
_OF_THEMSELVES = re.compile(r"\b(?:i|i'm|im|me|my|mine|we|us|our|ours)\b", re.IGNORECASE)

NO_ANSWER = ""
"""Stands for a question that no answer fits."""

FEWEST_ASKING = 4
"""Words from which a question without an answer is taken for one, and not for a doubtful reply ("15?")."""


MOST_ASKING = 2
"""Sentences with a question mark that are looked at by themselves, from the end."""


def tells_something(reading: Reading) -> bool:
    """Tell whether a message says anything of a case."""
    return bool(reading.people or reading.facts or reading.signs)


def question_in(text: str, reading: Reading, opinion: Opinion) -> str | None:
    """Find the question that a message asks, beside or instead of what it tells.

    Args:
        text: the message.
        reading: what it tells.
        opinion: what the trained reader makes of it.

    Returns:
        Id of the answer, `NO_ANSWER` where it asks and no answer fits, None where it does not ask.
    """
    match = find_question(text)
    near = match.id if match is not None and (match.asked or not tells_something(reading)) else None
    for shares in _parts_that_ask(text, opinion):
        answer = answer_asked(shares, near, is_question(text))
        if answer is not None:
            return answer
    asks = is_question(text) and len(text.split()) >= FEWEST_ASKING
    return NO_ANSWER if asks and not tells_something(reading) else None


def _parts_that_ask(text: str, opinion: Opinion) -> Iterator[dict[str, float]]:
    """Give what the trained reader makes of the whole, then of the last sentences that end with a question mark."""
    yield opinion.questions
    pieces = sentences(text)
    asking = [piece.text for piece in pieces if "?" in text[piece.end - 1 : piece.end + 2]]
    for piece in asking[-MOST_ASKING:] if len(pieces) > 1 else ():
        yield reader().read(piece).questions


def fingerprint() -> str:
    """Hash the code and data that the reading depends on."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in (here, here.parent / "protocol"):
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yml", ".npz")):
            digest.update(path.relative_to(here.parent).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
