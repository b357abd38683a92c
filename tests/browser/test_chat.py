"""The chat page in a real browser: what a responder does on a phone at night."""
from __future__ import annotations

import re

import pytest
from chat_steps import STORY, Phone, accident, officer, own, write
from playwright.sync_api import expect

NUMBERS = ("tel:112", "tel:+442079460100")


def test_the_first_page_is_light(chat_site: str, phone: Phone) -> None:
    page, weights = phone(), []
    page.on("response", lambda r: weights.append(len(r.body())) if "/chat/events" not in r.url else None)
    page.goto(chat_site)
    expect(page.locator("#replies button").first).to_be_visible()
    page.wait_for_timeout(300)
    assert 5_000 < sum(weights) <= 150_000


@pytest.mark.parametrize("script", [True, False])
def test_the_numbers_stand_on_the_page_without_script_too(chat_site: str, phone: Phone, script: bool) -> None:
    page = phone(java_script_enabled=script)
    page.goto(chat_site)
    for number in NUMBERS:
        expect(page.locator(f'.top a[href="{number}"]')).to_be_in_viewport()
    expect(page.locator(".leave")).to_be_in_viewport()
    assert page.get_attribute("html", "lang") == "en"


def test_a_message_is_stored_and_answered(chat_site: str, phone: Phone) -> None:
    accident(chat_site, slow=1)
    page = phone()
    page.goto(chat_site)
    write(page, STORY)
    sent = page.locator(".message.responder")
    expect(sent.locator(".state")).to_have_text(re.compile("sending|stored"))
    expect(page.locator("#text")).to_have_value("")
    expect(sent.locator(".state")).to_have_text("stored")
    expect(page.locator(".message.bot")).to_have_count(3)
    assert own(page) == [STORY]
    assert page.locator(".message.bot li").all_inner_texts() == ["stay in sight", "keep her papers as they are"]


def test_only_the_last_answers_are_buttons_and_a_double_tap_sends_one(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, STORY)
    expect(page.locator("#replies button")).to_have_text(["Yes, in danger now", "No danger this minute", "Unknown"])
    page.wait_for_timeout(500)
    page.locator("#replies button").nth(1).dblclick()
    expect(page.locator("#replies button")).to_have_text(["Police", "Health", "School"])
    assert own(page) == [STORY, "No danger this minute"]


def test_a_line_of_the_play_back_is_tapped_to_change_it(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, STORY)
    page.get_by_role("button", name="Age: about 14").click()
    expect(page.locator("#replies button")).to_have_text(["12 to 15", "Unknown"])
    assert own(page)[-1] == "Age: about 14"
    expect(page.get_by_role("button", name="Nationality: Moldova")).to_be_enabled()


def test_an_officer_takes_over_and_it_is_unmistakable(chat_site: str, phone: Phone) -> None:
    page = phone()
    page.goto(chat_site)
    expect(page.locator("#duty")).to_contain_text("No officer at the screen")
    write(page, STORY)
    expect(page.locator("#replies button")).to_have_count(3)
    accident(chat_site, duty=1)
    officer(chat_site, "Which platform?")
    expect(page.locator("#bar")).to_have_text("You are talking to Ana Duarte. The assistant is silent.", timeout=2_500)
    expect(page.locator(".message.human header")).to_have_text("Ana Duarte duty officer")
    expect(page.locator(".message.system")).to_contain_text("Received by Ana Duarte")
    expect(page.locator("#duty")).to_have_text("Duty desk: an officer is online")
    expect(page.locator("#replies button")).to_have_count(0)
    expect(page.get_by_role("button", name="Age: about 14")).to_be_disabled()
    write(page, "Platform 3")
    expect(page.locator(".message.responder .state").last).to_have_text("stored")


@pytest.mark.parametrize("way", ["button", "escape"])
def test_the_quick_exit_leaves_nothing_behind(chat_site: str, phone: Phone, way: str) -> None:
    page = phone()
    page.goto(chat_site)
    write(page, STORY)
    expect(page.locator(".message.bot")).to_have_count(3)
    page.fill("#text", "half a sen")
    if way == "button":
        page.click(".leave")
    else:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.wait_for_url("**/leave")
    page.wait_for_timeout(500)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.context.cookies() == []
    assert not re.search("firstline|child|traffick|duty|chat", page.content(), re.IGNORECASE)
    page.goto(chat_site)
    assert own(page) == [] and page.input_value("#text") == ""


def test_a_kept_case_returns_on_another_phone(chat_site: str, phone: Phone) -> None:
    first, second = phone(), phone(color_scheme="light")
    first.goto(chat_site)
    write(first, STORY)
    expect(first.locator(".message.bot")).to_have_count(3)
    first.click(".more summary")
    first.click("#keep-open")
    first.fill("#code", "kestrel 41")
    first.click("#keep .send")
    number = first.locator("[data-number]")
    expect(number).to_have_text(re.compile(r"^[0-9A-Z-]{20}$"))
    second.goto(f"{chat_site}/return")
    for code in ("wrong code", "kestrel 41"):
        second.fill("#number", number.inner_text().lower())
        second.fill("#code", code)
        second.click("main .send")
        if code == "wrong code":
            expect(second.locator(".notice")).to_contain_text("do not fit together")
    expect(second.locator(".message.responder .body")).to_have_text(STORY)
    expect(first.locator("#notice")).to_contain_text("no longer open")


def test_everything_works_without_script(chat_site: str, phone: Phone) -> None:
    page = phone(java_script_enabled=False)
    page.goto(chat_site)
    write(page, STORY)
    assert own(page) == [STORY]
    page.click("text=No danger this minute")
    assert own(page) == [STORY, "No danger this minute"]
    expect(page.locator("#replies button")).to_have_text(["Police", "Health", "School"])
    write(page, "x" * 10_001)
    expect(page.locator("#notice")).to_contain_text("10,000")
    assert len(page.input_value("#text")) == 10_001
    page.goto(f"{chat_site}/keep")
    page.fill("#code", "kestrel 41")
    page.click("main .send")
    expect(page.locator(".number")).to_be_visible()
    page.click(".leave")
    page.wait_for_url("**/leave")
    assert page.context.cookies() == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_everything_can_be_tapped_with_a_thumb(chat_site: str, phone: Phone, scheme: str) -> None:
    page = phone(color_scheme=scheme)
    page.goto(chat_site)
    write(page, STORY)
    # The greeting has three answers too: what is measured must not change meanwhile.
    expect(page.locator(".message.bot")).to_have_count(3)
    expect(page.locator("#replies button")).to_have_count(3)
    for target in page.locator("button:visible, summary:visible, .call:visible, textarea:visible").all():
        box = target.bounding_box()
        assert box is not None and box["height"] >= 44 and box["width"] >= 44
    assert page.evaluate("parseFloat(getComputedStyle(document.getElementById('text')).fontSize)") >= 16
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator("#text")).to_be_in_viewport(ratio=1)
