"""The base of every action: it never raises, and an action that fails is followed by nothing that says "sent"."""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.sending import keep_taps
from bot.conversations.turn import Turn, current
from bot.protocol.dialogue import say
from bot.protocol.wording import Reply

log = structlog.get_logger()


def utter(dispatcher: CollectingDispatcher, replies: list[Reply]) -> None:
    """Hand replies to Rasa."""
    for reply in replies:
        buttons = [{"title": title, "payload": payload} for payload, title in reply.quick_replies]
        dispatcher.utter_message(text=reply.text, buttons=buttons)


def fail(turn: Turn, dispatcher: CollectingDispatcher, error: Exception) -> None:
    """Mark the turn as failed: nothing of it is stored but the honest message.

    Args:
        turn: the turn.
        dispatcher: emptied of what was said so far.
        error: only its type and place are logged, because its text could hold what was written.
    """
    log.error("action_failed", error=type(error).__name__, conversation=turn.conversation_id, turn=turn.message_id,
              exc_info=error)
    turn.failed = True
    dispatcher.messages.clear()
    utter(dispatcher, [say("failed", turn.report, turn.setting)])


class Step(Action, ABC):
    """An action of one step; subclasses say what happens in `step`."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Run the step and hand its replies to Rasa; on any error say so honestly."""
        turn = current()
        if turn.failed:
            return []
        try:
            turn.facts = tracker.latest_message.get("case_facts")
            turn.asks(turn.facts or {})
            self.step(turn, str(tracker.latest_message.get("intent", {}).get("name")))
            keep_taps(turn)
        except Exception as error:  # noqa: BLE001 (an action must never raise: Rasa would go on with the rule)
            fail(turn, dispatcher, error)
            return []
        utter(dispatcher, turn.replies)
        turn.replies.clear()
        return []

    @abstractmethod
    def step(self, turn: Turn, intent: str) -> None:
        """Do the step.

        Args:
            turn: what it may change.
            intent: what the message was understood to be.
        """
