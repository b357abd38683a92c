"""This assistant as the bench meets it: the real door, database, actions and model, in one process."""
from __future__ import annotations

import uuid
from pathlib import Path

from sqlalchemy.orm import Session

from bot.door import bot_client, gateway
from tools.bench.clock import Clock, watch_rasa

OPENING = "Girl about 14 at the bus station, says she is Moldovan, older man holds her passport and answers for her"
CALM = {"danger": "#danger=no", "place": "bus station, Porto", "tonight": "with child protection until monday"}
"""Answers to questions that have no fitting tap, or whose first tap would end the interview early."""

DIGRESSIONS = ("why?", "sorry, 15 not 14", "which route?", "there was a white van outside", "back",
               "change nationality")
DIGRESS_EACH = 3
"""Every third message is none of the answers that were offered."""


class Subject:
    """Firstline."""

    def __init__(self, folder: Path) -> None:
        self._name = ""
        self._taps: list[str] = []

    async def start(self) -> None:
        """Bring a new database file up to date and load the model."""
        from bot.assistant import Assistant
        from bot.settings import settings
        from bot.setup import migrate
        from bot.training import trusted_model

        migrate()
        self.assistant = await Assistant.load(trusted_model(settings().models))
        bot_client.answer = self.assistant.answer
        # A bench types faster than anybody; the count itself is still made.
        gateway.PER_MINUTE = 1_000_000

    def begin(self) -> None:
        """Begin a new conversation."""
        self._name, self._taps = uuid.uuid4().hex, []

    def short(self, turn: int) -> str:
        """Give the next message of a usual conversation: a story, answers, a digression now and then, and the end.

        Args:
            turn: number of the message, from 1.
        """
        if turn == 1:
            return OPENING
        if "#send" in self._taps:
            return "#send"
        offered = [tap for tap in self._taps if "=" in tap]
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
        line = next((tap for tap in self._taps if tap.startswith("#change:age")), "change age")
        kinds = (line, str(14 + again % 2), "why?", f"sorry, {15 + again % 2} not {14 + again % 2}", "which route?")
        return kinds[turn % 5]

    async def say(self, words: str) -> None:
        """Send a message through the door and take the answer, stored as in real life."""
        answer = await gateway.post("bench", self._name, "web", words, None)
        if not answer.messages:
            raise RuntimeError(f"no answer to {words!r}")
        if any(gateway.text("failed", **gateway.numbers()) == m["text"] for m in answer.messages):
            raise RuntimeError(f"a turn failed: {words!r}")
        self._taps = [reply["payload"] for m in answer.messages for reply in m["quick_replies"]]

    def watch(self, clock: Clock) -> None:
        """Put timers around the parts of a turn."""
        from bot import assistant
        from bot.understanding import component

        watch_rasa(clock, self.assistant._agent.processor)
        clock.watch(component, "understand", "reading: ours")
        clock.watch(gateway, "post", "door")
        clock.watch(gateway, "_store", "storing")
        clock.watch(gateway, "_answer", "loading")
        clock.watch(assistant, "_first_waiting", "loading")
        clock.watch(assistant, "_load", "loading")
        clock.watch(Session, "commit", "commit to disk")
