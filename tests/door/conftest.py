"""The real web app on a free port, and programs that talk to it; the bot's core answers in the same process."""
from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sanic import Sanic

from bot.door import bot_client
from bot.serve import web_app
from tests.door.programs import Client, new_token
from tests.system import free_port


@pytest.fixture(scope="session")
async def site(assistant: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the real web app on a free port of this machine, in the loop of the tests."""
    Sanic.test_mode = True
    port = free_port()  # Sanic takes 0 for its own 8000
    server = await web_app().create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    await server.startup()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
        yield client
    server.close()


@pytest.fixture
def channel(site: httpx.AsyncClient, assistant: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bot_client, "answer", assistant.answer)
    return Client(site, new_token("channel"))


@pytest.fixture
def desk(channel: Client) -> Client:
    return Client(channel.http, new_token("desk"))


@pytest.fixture
def name() -> str:
    return f"line {uuid.uuid4().hex[:10]}/é"
