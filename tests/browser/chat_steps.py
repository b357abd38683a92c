"""What a responder, an officer and an accident do, for the tests of the chat page."""
from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import Page

Phone = Callable[..., Page]
STORY = "Girl about 14 at the bus station, says she is Moldovan, older man holds her passport and answers for her"


def write(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.click("#composer > .send")


def own(page: Page) -> list[str]:
    return page.locator(".message.responder .body").all_inner_texts()


def officer(site: str, text: str) -> None:
    assert httpx.post(f"{site}/try/officer", params={"text": text}).status_code == 200


def accident(site: str, **what: float) -> None:
    assert httpx.post(f"{site}/try/change", params=what).status_code == 200
