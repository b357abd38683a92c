"""A phone with an app for six-digit codes, for every test that signs in at the desk."""
from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp
from sqlalchemy.orm import Session

from bot.security import second_factor
from bot.security.tables import Account

STEP = 30


@dataclass
class Phone:
    """Shows each code once, as the desk takes each once: the present one, and one that is a step ahead."""

    secret: str
    last: int = 0

    def code(self) -> str:
        """Give a code that was not given before."""
        present = int(time.time()) // STEP
        self.last = max(self.last + 1, present)
        assert self.last <= present + 1, "no third code within half a minute: move the clock, or set the phone up anew"
        return self.at(self.last)

    def at(self, step: int) -> str:
        """Give the code of a time step."""
        return pyotp.TOTP(self.secret).at(step * STEP)


def set_up_phone(write: Callable[[], AbstractContextManager[Session]], account: Account) -> Phone:
    """Give an account a phone without the page."""
    sealed = second_factor.new_secret(account.id)
    with write() as session:
        kept = session.get(Account, account.id)
        kept.totp_secret, kept.totp_last_step = sealed, None
    return Phone(second_factor.readable(account.id, sealed))


def first_sign_in(browser: httpx.Client, name: str, password: str) -> tuple[Phone, list[str]]:
    """Sign in for the first time as a person does: password, phone, recovery codes.

    Args:
        browser: with the desk as its base address.
        name: the account.
        password: as it was printed.

    Returns:
        The phone, and the recovery codes that were shown.
    """
    answer = browser.post("/desk/sign-in", data={"name": name, "password": password, "code": ""})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/desk/enrolment"), answer.text
    page = browser.get("/desk/enrolment").text
    phone = Phone(re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", ""))
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    shown = browser.post("/desk/enrolment", data={"csrf": csrf, "code": phone.code()})
    assert shown.status_code == 200, shown.text
    return phone, re.findall(r"<li><code>([a-z-]+)</code>", shown.text)


def first_sign_in_on(page: Any, name: str, password: str) -> Phone:
    """Do the same on a page of a real browser that shows the sign-in; it ends on the desk."""
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("main button")
    phone = Phone(page.locator("#secret").inner_text().replace(" ", ""))
    page.fill("[name=code]", phone.code())
    page.click("main button")
    page.get_by_role("button", name="I have kept them").click()
    return phone
