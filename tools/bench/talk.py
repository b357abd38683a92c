"""What a responder of the bench says: a story, answers to what is asked, a digression now and then, and the end."""
from __future__ import annotations

import uuid
from typing import Any

OPENING = "Girl about 14 at the bus station, says she is Moldovan, older man holds her passport and answers for her"
CALM = {"danger": "#danger=no", "place": "bus station, Porto", "tonight": "with child protection until monday"}
"""Answers to questions that have no fitting tap, or whose first tap would end the interview early."""

DIGRESSIONS = ("why?", "sorry, 15 not 14", "which route?", "there was a white van outside", "back",
               "change nationality")
DIGRESS_EACH = 3
"""Every third message is none of the answers that were offered."""


class Talk:
    """One conversation after the other; whoever sends the messages tells it what was answered."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a new conversation."""
        self.name = uuid.uuid4().hex
        self.taps: list[str] = []

    def heard(self, messages: list[dict[str, Any]]) -> None:
        """Take the answer to the last message.

        Args:
            messages: as `bot.conversations.messages.as_json` writes them.

        Raises:
            RuntimeError: the bot said nothing: it is away, or the turn failed.
        """
        if not any(message["from"] == "bot" for message in messages):
            raise RuntimeError(f"no turn: {[message['text'] for message in messages]}")
        self.taps = [reply["payload"] for message in messages for reply in message["quick_replies"]]

    def short(self, turn: int) -> str:
        """Give the next message of a usual conversation.

        Args:
            turn: number of the message, from 1.
        """
        if turn == 1:
            return OPENING
        if "#send" in self.taps:
            return "#send"
        offered = [tap for tap in self.taps if "=" in tap]
        if turn % DIGRESS_EACH == 0 or not offered:
            return DIGRESSIONS[turn // DIGRESS_EACH % len(DIGRESSIONS)]
        return CALM.get(offered[-1].removeprefix("#").split("=")[0], offered[0])

    def long(self, turn: int) -> str:
        """Give the next message of a conversation that never ends: five kinds of messages in turn.

        Args:
            turn: number of the message, from 1.
        """
        if turn == 1:
            return OPENING
        again = turn // 5
        line = next((tap for tap in self.taps if tap.startswith("#change:age")), "change age")
        kinds = (line, str(14 + again % 2), "why?", f"sorry, {15 + again % 2} not {14 + again % 2}", "which route?")
        return kinds[turn % 5]
