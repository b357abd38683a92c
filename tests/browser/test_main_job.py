"""The main job with three real processes and two real browsers: from a first message to a person; and crashes.

With FIRSTLINE_PICTURES=1 it also takes the two pictures of the README.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from bot.settings import ROOT
from tests.phone import first_sign_in_on
from tests.system import System

Phone = Callable[..., Page]
STORY = "Girl about 14 at the bus station, says she is Moldovan, older man holds her passport and answers for her"
LIVE = 2_000
"""Milliseconds within which another page shows what happened."""

CALM = {"danger": "#danger=no", "tonight": "#tonight=station", "role": "#role=police"}
MOST_ANSWERS = 12
DOUBLE_TAP = 500
"""Milliseconds: a tap that comes sooner on new answers counts as a double tap of the old ones."""

DUTY_NUMBER = "+44 20 7946 0100"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = System(tmp_path_factory.mktemp("system"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


def picture(page: Page, name: str) -> None:
    """Take a picture for the README, where it is asked for."""
    if os.environ.get("FIRSTLINE_PICTURES"):
        folder = ROOT / "docs" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=folder / name)


def said(page: Page, author: str) -> list[str]:
    return page.locator(f".message.{author} .body").all_inner_texts()


def answered(page: Page, before: int, timeout: float = 20_000) -> None:
    """Wait until the assistant said more than it had."""
    page.wait_for_function("n => document.querySelectorAll('.message.bot').length > n", arg=before, timeout=timeout)
    expect(page.locator(".message.responder .state").last).to_have_text("stored")


def write(page: Page, words: str) -> None:
    before = len(said(page, "bot"))
    page.fill("#text", words)
    page.click("#composer > .send")
    answered(page, before)


def tap(page: Page, payload: str) -> None:
    before = len(said(page, "bot"))
    page.wait_for_timeout(DOUBLE_TAP)
    page.locator(f'#replies button[value="{payload}"]').click()
    answered(page, before)


def offered(page: Page) -> list[str]:
    return [str(button.get_attribute("value")) for button in page.locator("#replies button").all()]


def choose(taps: list[str]) -> str:
    """Choose the calm answer to the question that is open."""
    question = next(t for t in reversed(taps) if "=" in t).removeprefix("#").split("=")[0]
    return CALM[question] if CALM.get(question) in taps else next(t for t in taps if t.endswith("=unknown"))


def to_summary(page: Page) -> int:
    """Answer by taps until the summary; give how many it took."""
    for count in range(MOST_ANSWERS):
        taps = offered(page)
        if "#send" in taps:
            return count
        tap(page, choose(taps))
    raise AssertionError(f"no summary after {MOST_ANSWERS} answers")


def sign_in(desk: Page, system: System) -> None:
    desk.goto(f"{system.address}/desk")
    first_sign_in_on(desk, "duty", system.passwords["duty"])
    expect(desk.locator("body[data-ringing]")).to_be_attached()


def test_the_main_job(system: System, phone: Phone) -> None:
    desk = phone(viewport={"width": 1280, "height": 800}, has_touch=False, color_scheme="light")
    sign_in(desk, system)
    expect(desk.locator(".empty")).to_be_visible()
    desk.evaluate("window.notReloaded = true")

    page = phone()
    page.goto(system.address)
    expect(page.locator("#duty")).to_contain_text("an officer is online")
    write(page, STORY)
    at_once = "\n".join(page.locator(".message.bot").all_inner_texts())
    for heard in ("14", "Moldova", "held by somebody else"):
        assert heard in at_once
    assert "let nobody take them away" in at_once and "112" in at_once
    picture(page, "chat.png")

    assert to_summary(page) <= MOST_ANSWERS
    shown = "\n".join(page.locator(".message.bot").all_inner_texts()[-3:])
    for line in ("14", "Moldova", "Police or border post"):
        assert line.lower() in shown.lower(), shown
    tap(page, "#send")
    stored = next(text for text in said(page, "bot") if "Stored, reference" in text)
    reference = re.search(r"reference ([0-9A-Z-]+)", stored)[1].rstrip("-")

    row = desk.locator("tr.referral", has=desk.get_by_text(reference))
    expect(row).to_be_visible(timeout=LIVE)
    expect(desk.locator("body")).not_to_have_attribute("data-ringing", "no", timeout=LIVE)
    expect(desk.locator("#bell")).to_contain_text("1 waiting")
    assert desk.evaluate("window.notReloaded")

    row.get_by_role("button", name="Claim").click()
    expect(page.locator(".message.system").last).to_contain_text("Received by Duty officer", timeout=LIVE)
    expect(page.locator("#bar")).to_contain_text("Duty officer")
    expect(desk.locator("#say")).to_be_visible()

    bot_said = len(said(page, "bot"))
    for question, answer in (("Which platform are you on?", "Platform 3, by the kiosk"),
                             ("Help is on the way.", "Thank you, we wait here")):
        desk.fill("#text", question)
        desk.click("#say button:has-text('Send')")
        expect(page.locator(".message.human").last).to_contain_text(question, timeout=LIVE)
        page.fill("#text", answer)
        page.click("#composer > .send")
        expect(desk.locator("#transcript .responder").last).to_contain_text(answer, timeout=LIVE)
        expect(page.locator(".message.responder .state").last).to_have_text("stored")
    assert len(said(page, "bot")) == bot_said
    picture(desk, "desk.png")

    desk.get_by_role("button", name="Hand the chat back").click()
    answered(page, bot_said)
    expect(page.locator(".message.system").last).to_contain_text("has left this chat")
    write(page, "which route?")
    assert "National" in said(page, "bot")[-1] or "responsible" in said(page, "bot")[-1]


def test_the_bot_process_dies_and_comes_back(system: System, phone: Phone) -> None:
    page = phone()
    page.goto(system.address)
    write(page, STORY)
    system.kill("bot")
    before = len(said(page, "bot"))
    page.fill("#text", "He made a call, a white van is outside now")
    page.click("#composer > .send")
    expect(page.locator(".message.system").last).to_contain_text(DUTY_NUMBER)
    expect(page.locator(".message.responder .state").last).to_have_text("stored")
    assert len(said(page, "bot")) == before
    page.reload()
    assert said(page, "responder")[-1] == "He made a call, a white van is outside now"
    assert system.health()["bot"] is False

    system.start_part("bot")
    system.wait_for(bot=True)
    # Nobody writes again: the jobs see to it that what waits is answered.
    answered(page, before, timeout=60_000)
    assert said(page, "responder") == [STORY, "He made a call, a white van is outside now"]
    assert "Stored, reference" not in "\n".join(said(page, "bot"))


def test_the_page_without_the_web_process(system: System, phone: Phone) -> None:
    page = phone()
    page.goto(system.address)
    write(page, STORY)
    system.kill("web")
    page.fill("#text", "the van is white")
    page.click("#composer > .send")
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator(".message.pending .state")).to_contain_text("not sent")
    expect(page.locator(f'.top a[href="tel:{DUTY_NUMBER.replace(" ", "")}"]')).to_be_in_viewport()
    before = len(said(page, "bot"))
    system.start_part("web")
    system.wait_for(web=True)
    answered(page, before, timeout=60_000)
    assert said(page, "responder") == [STORY, "the van is white"]
