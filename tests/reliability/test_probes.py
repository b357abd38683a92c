"""What is open in a plain Rasa server is closed here: its probes, against the real applications of web and bot process.

Rasa's own server takes a model from anybody (`PUT /model`), tells its version, handles a message as whatever sender it
names, takes its token from the address and writes it to the log, takes a JWT that never ends, and handles 5 MB.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.conversations.tables import Message
from bot.database import reading, writing
from bot.security import tokens
from bot.serve import web_app
from bot.settings import ROOT, settings
from tests.system import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "Girl about 14 at the bus station, older man holds her passport"
LARGE = "she is here " * 440_000
"""About 5 MB."""
CUT = "cut off"
RASAS = (
    ("GET", "/version"), ("GET", "/status"), ("PUT", "/model"), ("DELETE", "/model"), ("POST", "/model/train"),
    ("POST", "/model/parse"), ("GET", "/domain"), ("GET", "/conversations/chat/tracker"),
    ("POST", "/conversations/chat/messages"), ("POST", "/conversations/chat/tracker/events"),
    ("POST", "/webhooks/rest/webhook"), ("GET", "/webhooks/rest/"), ("POST", "/webhook"), ("GET", "/socket.io/"),
)
"""Addresses of Rasa's HTTP API, of its channels and of its action server."""
LOADED = """
import json, sys
from bot.serve import bot_app, web_app
web_app()
of_rasa = [name for name in sys.modules if name.partition(".")[0] in ("rasa", "rasa_sdk")]
app = bot_app()
served = [name for name in sys.modules if name in ("rasa.server", "rasa.core.run", "rasa_sdk.endpoint")]
routes = sorted("/" + route.path for group in app.router.groups.values() for route in group)
print(json.dumps({"web": of_rasa, "bot": served, "routes": routes}))
"""


@pytest.fixture
async def web(wire: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the web process's application on a free port; `wire` joins it to the bot process's."""
    port = free_port()
    server = await web_app().create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    await server.startup()
    address = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=address, headers={"origin": address}, timeout=30, trust_env=False) as client:
        yield client
    server.close()


@pytest.fixture(scope="module")
def token(database: None) -> str:
    """A channel's token."""
    with writing() as session:
        return tokens.create(session, f"t{uuid.uuid4().hex[:12]}", "channel")


def messages() -> int:
    with reading() as session:
        return int(session.execute(select(func.count(Message.id))).scalar_one())


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def body(text: str = STORY) -> dict[str, str]:
    return {"conversation": f"c-{uuid.uuid4()}", "message": text}


async def test_the_door_is_open_to_who_comes_by_it(web: httpx.AsyncClient, token: str) -> None:
    before = messages()
    answer = await web.post("/api/v1/messages", json=body(), headers=bearer(token))
    assert answer.status_code == 200 and answer.json()["messages"]
    assert messages() > before


@pytest.mark.parametrize(("method", "path"), RASAS)
async def test_no_address_of_rasa_is_served(
    web: httpx.AsyncClient, wire: httpx.AsyncClient, token: str, method: str, path: str
) -> None:
    import rasa

    before = messages()
    more: dict[str, Any] = {} if method == "GET" else {"json": {"sender": "foreign", "message": STORY, "text": STORY}}
    for headers in ({}, bearer(token)):
        answer = await web.request(method, path, headers=headers, **more)
        assert answer.status_code == 404 and rasa.__version__ not in answer.text
    inside = await wire.request(method, path, **more)
    assert (inside.status_code, inside.json()) == (500, {"error": "NotFound"})
    assert messages() == before


async def test_the_bot_answers_turns_and_rasas_server_is_not_even_loaded() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", LOADED], cwd=ROOT, timeout=90, capture_output=True,
                          text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "web": [], "bot": [], "routes": ["/give-back", "/health", "/turn"]}


async def test_a_token_in_the_address_opens_nothing_and_is_in_no_log(
    web: httpx.AsyncClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = messages()
    for name in ("token", "access_token", "auth_token", "api_key", "authorization"):
        for answer in (
            await web.post("/api/v1/messages", params={name: token}, json=body()),
            await web.get("/api/v1/messages", params={name: token, "conversation": "c"}),
        ):
            assert answer.status_code == 401
    assert messages() == before
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert not [line for line in ours if token in line]


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
async def test_a_jwt_opens_nothing_with_or_without_an_end(web: httpx.AsyncClient, algorithm: str) -> None:
    before = messages()
    for ends in ({}, {"exp": 4_102_444_800}):
        jwt = _jwt(settings().secret, algorithm, {"user": {"username": "probe", "role": "admin"}, **ends})
        for answer in (
            await web.post("/api/v1/messages", json=body(), headers=bearer(jwt)),
            await web.get("/api/v1/referrals/ABCD", headers=bearer(jwt)),
        ):
            assert answer.status_code == 401
    assert messages() == before


def _jwt(secret: str, algorithm: str, payload: dict[str, Any]) -> str:
    """Write a JWT, signed with the installation's own secret: no worse one can be had."""
    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    head = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + b"." + part(json.dumps(payload).encode())
    signed = hmac.new(secret.encode(), head, hashlib.sha256).digest() if algorithm == "HS256" else b""
    return (head + b"." + part(signed)).decode()


async def test_five_megabytes_are_taken_nowhere(web: httpx.AsyncClient, wire: httpx.AsyncClient, token: str) -> None:
    await web.get("/")
    before = messages()
    for path, more in (
        ("/api/v1/messages", {"json": body(LARGE), "headers": bearer(token)}),
        ("/chat/messages", {"json": {"text": LARGE, "id": "m"}}),
        ("/chat/send", {"data": {"text": LARGE}}),
        ("/desk/sign-in", {"data": {"name": LARGE}}),
    ):
        assert await _refused(web, path, **more) in (CUT, 413), path
    assert await _refused(wire, "/turn", json={"conversation": LARGE}) in (CUT, '{"error":"PayloadTooLarge"}')
    assert messages() == before


async def _refused(client: httpx.AsyncClient, path: str, **more: Any) -> int | str:
    """Send; give the status, of the bot process what it said, or that the line was cut before all was sent."""
    try:
        answer = await client.post(path, **more)
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return CUT
    return answer.text if answer.status_code == 500 else answer.status_code
