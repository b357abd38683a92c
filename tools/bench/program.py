"""A program that talks to a running installation over its REST API, as a channel does."""
from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx

from tests.system import System, firstline
from tools.bench.talk import Talk

SECONDS = 40
"""How long an answer may take."""
START_SECONDS = 300


def token(system: System) -> str:
    """Make a channel's token.

    Args:
        system: an installation whose database is there.
    """
    process = firstline("token", "add", "bench", "channel", env=system.env, log=subprocess.PIPE)
    words, _ = process.communicate(timeout=60)
    if process.returncode:
        raise RuntimeError(words)
    return words.split()[-1]


def wait_for_bot(socket: Path) -> None:
    """Wait until a bot process has loaded its model and answers."""
    until = time.monotonic() + START_SECONDS
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://bot", timeout=5) as bot:
        while True:
            try:
                bot.post("/health").raise_for_status()
                return
            except httpx.HTTPError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


def client(token: str) -> httpx.AsyncClient:
    """Make the client of a program that holds a token."""
    return httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=SECONDS, trust_env=False)


class Program(Talk):
    """Talks through one web process.

    Args:
        http: from `client`.
        port: of the web process.
    """

    def __init__(self, http: httpx.AsyncClient, port: int) -> None:
        super().__init__()
        self._http, self._address = http, f"http://127.0.0.1:{port}/api/v1/messages"

    async def say(self, words: str) -> None:
        """Send a message and take the answer."""
        answer = await self._http.post(self._address, json={"conversation": self.name, "message": words})
        answer.raise_for_status()
        self.heard(answer.json()["messages"])

    async def round(self) -> None:
        """Say the next message of a usual conversation; after its end a new one begins, and `turn` is 0."""
        self.turn += 1
        words = self.short(self.turn)
        await self.say(words)
        if words == "#send":
            self.begin()

    def begin(self) -> None:
        """Begin a new conversation."""
        super().begin()
        self.turn = 0
