"""The chat page when something is wrong: odd text, a lost line, a lost database, strangers."""
from __future__ import annotations

import re

import httpx
import pytest
from chat_steps import STORY, Phone, accident, officer, own, write
from playwright.sync_api import expect


@pytest.mark.parametrize("text", [
    "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script><b>bold</b>",
    "&lt;b&gt; {{ 7*7 }} ${7*7} \\u003c",
    "שלום، مرحبا 😀👮🏽‍♀️ \u202eabc\u202c",
    "one\ntwo\n\nthree",
    "x" * 3000,
])
def test_any_text_stays_text(chat_site: str, phone: Phone, text: str) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, f"echo {text}")
    expect(page.locator(".message.bot .body")).to_have_count(1)
    for _ in range(2):  # as the script puts it on the page, then as the server does
        shown = page.locator(".message.bot .body").inner_text()
        assert re.sub(r"\s+", " ", shown).strip() == re.sub(r"\s+", " ", text).strip()
        assert page.locator(".message .body b, .message .body img, .message .body script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.title() == "Firstline"
        page.reload()


def test_too_long_is_refused_with_the_limit_and_left_in_the_box(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, "x" * 20_000)
    expect(page.locator("#notice")).to_contain_text("10,000")
    assert len(page.input_value("#text")) == 20_000
    write(page, "   ")
    page.wait_for_timeout(300)
    assert own(page) == []


def test_what_was_typed_survives_a_reload_and_a_dropped_line(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, STORY)
    expect(page.locator(".message.bot")).to_have_count(3)
    page.context.set_offline(True)
    write(page, "first")
    write(page, "second")
    page.fill("#text", "half a sen")
    expect(page.locator("#connection")).to_contain_text("No connection")
    expect(page.locator(".message.pending .state").first).to_contain_text("not sent")
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(".message.responder .state")).to_have_text(["stored"] * 3)
    assert own(page) == [STORY, "first", "second"]
    assert page.input_value("#text") == "half a sen"


def test_an_unsent_message_is_tried_again_by_a_tap_and_stored_once(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    dropped = []

    def lose_the_answer(route: object) -> None:
        # The server stores the message, but the line breaks before its answer arrives.
        dropped.append(route.fetch().status)  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    page.route("**/chat/messages", lose_the_answer, times=1)
    page.route("**/chat/events*", lambda route: route.abort())
    page.reload()
    write(page, "echo once")
    page.get_by_role("button", name="try again").click()
    expect(page.locator(".message.responder .state")).to_have_text("stored")
    expect(page.locator(".message.bot")).to_have_count(1)
    assert dropped == [200] and own(page) == ["echo once"]


def test_without_the_live_line_messages_still_come(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.route("**/chat/events*", lambda route: route.fulfill(status=502, body=""))
    page.goto(chat_site)
    write(page, "echo hello")
    expect(page.locator(".message.bot")).to_have_count(1)
    officer(chat_site, "I am here")
    expect(page.locator(".message.human")).to_have_count(1, timeout=12_000)


def test_nothing_is_missed_while_the_line_was_gone(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, "echo hello")
    expect(page.locator(".message.bot")).to_have_count(1)
    page.context.set_offline(True)
    officer(chat_site, "one")
    officer(chat_site, "two")
    page.wait_for_timeout(500)
    page.context.set_offline(False)
    expect(page.locator(".message.human .body")).to_have_text(["one", "two"])


def test_a_lost_database_is_said_and_loses_nothing(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    accident(chat_site, down=1)
    write(page, "echo later")
    expect(page.locator("#connection")).to_contain_text("+44 20 7946 0100")
    answer = page.reload()
    assert answer is not None and answer.status == 503
    expect(page.locator('.top a[href="tel:112"]')).to_be_visible()
    expect(page.locator("main")).to_contain_text("cannot store")
    accident(chat_site, down=0)
    page.goto(chat_site)
    expect(page.locator(".message.responder .state")).to_have_text("stored")
    assert own(page) == ["echo later"]


def test_other_sites_can_neither_write_nor_throw_out(chat_site: str) -> None:
    with httpx.Client(base_url=chat_site) as client:
        client.get("/")
        body = {"text": "hello", "id": "1"}
        assert client.post("/chat/messages", json=body).status_code == 403
        assert client.post("/chat/messages", json=body, headers={"Origin": "https://x.example"}).status_code == 403
        assert client.post("/chat/send", data={"text": "hello"}).status_code == 403
        assert client.post("/chat/messages", json=body, headers={"Origin": chat_site}).status_code == 200
    stranger = httpx.post(f"{chat_site}/chat/leave")
    assert "clear-site-data" not in stranger.headers and "set-cookie" not in stranger.headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": 1, "id": "a"}', b'{"text": "a", "id": ""}'])
def test_a_broken_request_gets_a_kind_answer(chat_site: str, body: bytes) -> None:
    with httpx.Client(base_url=chat_site) as client:
        client.get("/")
        answer = client.post("/chat/messages", content=body,
                             headers={"Origin": chat_site, "Content-Type": "application/json"})
    assert answer.status_code in (400, 422) and answer.json()["error"]["text"]
    assert "Traceback" not in answer.text
