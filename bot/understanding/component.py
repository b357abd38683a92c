"""The Rasa graph component: reads each message once and puts intent and facts on it, as one structured object."""
from __future__ import annotations

import hashlib
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

from bot.understanding.asking import nearest
from bot.understanding.danger import danger
from bot.understanding.intents import understand

CASE_FACTS = "case_facts"
"""Key of the reading on the message."""


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
            facts = {**reading.to_dict(), "danger_words": danger(text), "question": asked,
                     "nearest": nearest(text, asked)}
            message.set(CASE_FACTS, facts, add_to_output=True)
        return messages


def fingerprint() -> str:
    """Hash the code and data that the reading depends on."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in (here, here.parent / "protocol"):
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yml", ".npz")):
            digest.update(path.relative_to(here.parent).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
