"""A responder's chat over the real wire: door, Unix socket, bot process's server, assistant and database."""
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Sanic

import bot.assistant
import bot.database
from bot.door import bot_client
from bot.serve import bot_app, private_socket
from tests.reliability.talk import Lock, Talk

BUSY = 0.2
"""Seconds that a write waits in these tests, in place of five."""


@pytest.fixture(scope="session")
async def bot_address(assistant: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """Serve the bot process's application on a Unix socket, with the tests' assistant."""

    async def loaded(_: Path) -> Any:
        return assistant

    # Without it Sanic rewrites its own methods at the first start and fails at the second.
    Sanic.test_mode = True
    path = tmp_path_factory.mktemp("bot") / "bot.sock"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.assistant.Assistant, "load", loaded)
        server = await bot_app().create_server(sock=private_socket(path), return_asyncio_server=True, access_log=False)
        await server.startup()
        await server.before_start()
        await server.after_start()
        yield path
        await server.close()


@pytest.fixture
async def wire(bot_address: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """Let the door reach that server; give the client, whose patience a test may shorten."""
    transport = httpx.AsyncHTTPTransport(uds=str(bot_address))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot", timeout=20) as client:
        monkeypatch.setattr(bot_client, "_clients", lambda: (client,))
        yield client


@pytest.fixture
def talk(wire: httpx.AsyncClient) -> Talk:
    """A new conversation."""
    return Talk()


@pytest.fixture
def bot_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Take the bot process away: its socket is not there. Calling what is given brings it back."""
    gone = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(tmp_path / "none.sock")), base_url="http://bot")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot_client, "_clients", lambda: (gone,))
        yield patch.undo


@pytest.fixture
def impatient(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let writes give up after a fraction of a second, so that a locked database is felt soon."""
    monkeypatch.setattr(bot.database, "BUSY_SECONDS", BUSY)
    bot.database._sessions.cache_clear()
    yield
    bot.database.engine().dispose()
    bot.database._sessions.cache_clear()


@pytest.fixture
def lock(impatient: None) -> Iterator[Lock]:
    """Somebody who can lock the database."""
    held = Lock()
    yield held
    held.close()
