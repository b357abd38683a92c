"""The assistant that `rasa init` makes, as it comes: default pipeline and policies, memory tracker store."""
from __future__ import annotations

import uuid
from pathlib import Path

from rasa.core.agent import Agent, load_agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from tools.bench.clock import Clock, watch_rasa

MESSAGES = ("hello", "not good", "yes", "are you a bot?", "goodbye")
"""The five messages of its own test conversations; each conversation has them once."""


class Subject:
    """The starter assistant."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sender = ""
        self.agent: Agent

    async def start(self) -> None:
        """Load its model."""
        self.agent = await load_agent(model_path=str(next((self._folder / "models").glob("*.tar.gz"))))

    def begin(self) -> None:
        """Begin a new conversation."""
        self._sender = uuid.uuid4().hex

    def short(self, turn: int) -> str:
        """Give the next message; its usual conversation is five messages long, then another one begins."""
        if turn % len(MESSAGES) == 1:
            self.begin()
        return self.long(turn)

    def long(self, turn: int) -> str:
        """Give the next message of a conversation that never ends."""
        return MESSAGES[(turn - 1) % len(MESSAGES)]

    async def say(self, words: str) -> None:
        """Send a message and take the answer, as its REST channel does."""
        await self.agent.handle_message(
            UserMessage(text=words, output_channel=CollectingOutputChannel(), sender_id=self._sender)
        )

    def watch(self, clock: Clock) -> None:
        """Put timers around the parts of a turn."""
        watch_rasa(clock, self.agent.processor)
