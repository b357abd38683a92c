"""Every answer of the web process carries the whole set of security headers, whatever was asked and whatever failed."""
from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sanic import Sanic

from bot import serve
from bot.desk import pages as desk_pages
from bot.door import bot_client, gateway, web
from bot.serve import MAX_BODY, web_app
from tests.desk_world import Desk, served

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
SET = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
CLOSED = {"default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "connect-src": ["'self'"],
          "form-action": ["'self'"], "base-uri": ["'none'"], "frame-ancestors": ["'none'"]}
EXAMPLES = {"version": "x", "name": "chat.js", "secret": "a" * 43, "case_id": "none", "reference": "none",
            "__file_uri__": "desk.css"}
STATIC = re.compile(r"/(desk/)?static/")
BROKEN = {
    "no request": b"garbage\r\n\r\n",
    "a header without an end": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    "no address": b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    "no chunks": b"POST /chat/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a way out": b"GET /static/../../.env HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.fixture(scope="module")
def app() -> Sanic:
    Sanic.test_mode = True
    return web_app()


@pytest.fixture(scope="module")
def site(app: Sanic, database: None) -> Iterator[Desk]:
    async def away(_: str) -> None:
        raise bot_client.BotUnavailable("ConnectError")

    with pytest.MonkeyPatch.context() as patch, served(app) as found:
        patch.setattr(bot_client, "answer", away)
        yield found


def guarded(headers: Any, kept: bool = False) -> None:
    """Hold the headers of an answer against the set; `kept` are files that a browser may keep."""
    assert {name: headers.get(name) for name in SET} == SET
    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    assert {name: policy.get(name) for name in CLOSED} == CLOSED
    # `data:` is for the arrows and ticks of the style sheet alone.
    assert policy["img-src"] == ["'self'", "data:"] and "unsafe" not in str(policy)
    assert not [name for name, sources in policy.items() if name != "img-src" and "data:" in sources]
    assert headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert ("no-store" in headers["cache-control"]) is not kept
    assert "server" not in headers


def addresses(app: Sanic) -> list[str]:
    """Give one address of each route."""
    routes = [route for group in app.router.groups.values() for route in group]
    return sorted({"/" + re.sub(r"<(\w+):\w+>", lambda found: EXAMPLES[found[1]], route.path) for route in routes})


def asked(browser: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask, and leave the body: that of a live line has no end."""
    with browser.stream(method, path, **more) as answer:
        return answer


def test_every_address_by_every_method_carries_the_set(app: Sanic, site: Desk) -> None:
    found = addresses(app)
    assert {"/", "/desk", "/health", "/api/v1/messages", "/chat/events", "/desk/events"} <= set(found)
    statuses = set()
    for who in (site.browser(), site.signed_in("duty").client, site.signed_in("admin").client):
        who.get("/")
        for path in [*found, "/nowhere", "/desk/nowhere", "/api/v1/nowhere", "/static/nowhere", "/static/vendor/x"]:
            for method in METHODS:
                answer = asked(who, method, path)
                statuses.add(answer.status_code)
                guarded(answer.headers, kept=bool(STATIC.match(path)) and answer.status_code == 200)
    assert {200, 303, 401, 403, 404, 405} <= statuses


def test_a_file_may_be_kept_and_nothing_else(site: Desk) -> None:
    for path in ("/static/vendor/pico.min.css", "/desk/static/desk.css", "/static/page/x/chat.js"):
        answer = site.browser().get(path)
        assert answer.status_code == 200
        guarded(answer.headers, kept=True)


def test_what_is_too_large_carries_the_set(app: Sanic, site: Desk) -> None:
    large, refused = b"x" * (MAX_BODY + 1), 0
    for path in addresses(app):
        answer = site.browser().post(path, content=large)
        guarded(answer.headers)
        refused += answer.status_code == 413
    assert refused >= 20


def test_an_unexpected_error_carries_the_set(site: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    officer = site.signed_in("duty").client
    officer.get("/")

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("the words of a responder")

    for module, name in ((web, "view"), (desk_pages, "queue"), (gateway, "read"), (serve, "_database_answers")):
        monkeypatch.setattr(module, name, fails)
    for path in ("/", "/chat/messages", "/chat/events", "/desk", "/health"):
        answer = officer.get(path)
        assert answer.status_code == 500 and "words" not in answer.text, path
        guarded(answer.headers)


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_request_carries_the_set(site: Desk, what: str) -> None:
    port, head = int(site.address.rsplit(":", 1)[1]), b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(BROKEN[what])
        while b"\r\n\r\n" not in head:
            piece = line.recv(4096)
            assert piece, head
            head += piece
    first, *lines = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert first.split()[1] in ("400", "404", "413", "500")
    guarded({name.lower(): value for name, value in (one.split(": ", 1) for one in lines)})


def test_leaving_and_signing_out_empty_the_browser(site: Desk) -> None:
    phone, officer = site.browser(), site.signed_in("duty")
    for browser in (phone, officer.client):
        assert browser.get("/").status_code == 200
    assert "firstline_device" in officer.client.cookies
    # A desk browser stays known, so the desk takes its other cookies by name.
    for answer, emptied in ((phone.post("/chat/leave"), {'"cookies"', '"storage"', '"cache"'}),
                            (officer.post("/desk/sign-out"), {'"storage"', '"cache"'})):
        assert answer.status_code == 303
        assert {part.strip() for part in answer.headers["clear-site-data"].split(",")} == emptied
    assert {cookie.name for cookie in officer.client.cookies.jar} == {"firstline_browser"}
    # Nobody else can have a browser emptied.
    for answer in (site.browser().post("/chat/leave"), site.browser().post("/desk/sign-out")):
        assert "clear-site-data" not in answer.headers
