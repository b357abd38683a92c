"""This assistant as the bench meets it: the real door, database, actions and model, in one process."""
from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from bot.door import bot_client, gateway
from tools.bench.clock import Clock, watch_rasa
from tools.bench.talk import Talk


class Subject(Talk):
    """Firstline."""

    def __init__(self, folder: Path) -> None:
        super().__init__()

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

    async def say(self, words: str) -> None:
        """Send a message through the door and take the answer, stored as in real life."""
        answer = await gateway.post("bench", self.name, "web", words, None)
        self.heard(answer.messages)

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
