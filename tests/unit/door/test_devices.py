"""The device's cookie, the proof that a request is our own page's, and the return by a code."""
from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sanic.response import empty
from sqlalchemy import select

from bot.conversations.messages import add_message, open_conversation
from bot.conversations.tables import Conversation, Message
from bot.database import now, reading, writing
from bot.door import devices, returning
from bot.referrals.reference import new_reference
from bot.referrals.tables import Report

pytestmark = pytest.mark.usefixtures("fresh_database")
CODE = "kestrel 41"


def request(cookie: str | None = None, **headers: str) -> Any:
    cookies = {} if cookie is None else {devices.COOKIE: cookie}
    return SimpleNamespace(cookies=cookies, headers={k.replace("_", "-"): v for k, v in headers.items()})


def conversation(owner: str) -> str:
    with writing() as session:
        found = open_conversation(session, "web", owner, devices.CONVERSATION)
        add_message(session, found, "responder", "Girl about 14")
        return str(found.id)


def owner_of_case(case: str) -> str:
    with reading() as session:
        return str(session.get(Conversation, case).owner)


def unblock(case: str) -> None:
    with writing() as session:
        session.get(Conversation, case).return_blocked_until = now() - timedelta(seconds=1)


def test_a_device_is_known_only_by_a_cookie_of_ours() -> None:
    device = devices.new_device()
    assert devices.device_of(request(device)) == device
    for cookie in (None, "", "x", device + "x", "é" * 43, device + "\n"):
        assert devices.device_of(request(cookie)) is None


def test_the_database_never_sees_the_cookie() -> None:
    device = devices.new_device()
    owner = devices.owner_of(device)
    assert owner.startswith("web:") and len(owner) <= 80 and device not in owner
    assert len({owner[4:], devices.csrf_of(device), devices.owner_of(devices.new_device())[4:]}) == 3


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites() -> None:
    response = empty()
    devices.remember(response, devices.new_device())
    cookie = str(response.cookies[devices.COOKIE])
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=2592000" in cookie


def test_a_form_of_another_device_does_not_fit() -> None:
    device = devices.new_device()
    assert devices.csrf_fits(device, devices.csrf_of(device))
    for token in ("", "é", devices.csrf_of(devices.new_device())):
        assert not devices.csrf_fits(device, token)


def test_only_our_own_page_may_send_json() -> None:
    ours = {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080", "content_type": "application/json"}
    assert devices.from_our_page(request(**ours))
    for wrong in ({"origin": "https://elsewhere.example"}, {"origin": "null"}, {"origin": ""},
                  {"content_type": "text/plain"}, {"origin": "http://127.0.0.1:9090"}):
        assert not devices.from_our_page(request(**{**ours, **wrong}))


def test_leaving_tells_the_browser_to_drop_everything() -> None:
    response = empty()
    devices.forget(response)
    assert "Max-Age=0" in str(response.cookies[devices.COOKIE])
    assert all(part in response.headers["Clear-Site-Data"] for part in ("cookies", "storage", "cache"))


def test_a_kept_case_opens_on_another_device_and_leaves_the_first() -> None:
    case = conversation("web:first")
    number, reference = returning.keep("web:first", CODE)
    assert reference is None
    assert returning.open_again(number.lower().replace("-", " "), f" {CODE} ", "web:phone", "web:second", "moved")
    assert owner_of_case(case) == "web:second"
    assert not returning.has_conversation("web:first")
    with reading() as session:
        last = session.execute(select(Message).order_by(Message.seq.desc())).scalars().first()
    assert (last.author, last.text) == ("system", "moved")


def test_the_code_itself_is_not_kept() -> None:
    case = conversation("web:first")
    returning.keep("web:first", CODE)
    with reading() as session:
        kept = session.get(Conversation, case).return_code_hash
    assert kept.startswith("$argon2id$") and CODE not in kept


def test_the_reference_of_a_sent_referral_opens_it_too() -> None:
    case = conversation("web:first")
    reference = new_reference()
    with writing() as session:
        report = Report(id="r", conversation_id=case, data={}, reference=reference, protocol_version="1")
        session.add(report)
        session.get(Conversation, case).report_id = "r"
    assert returning.keep("web:first", CODE)[1] == reference
    assert returning.open_again(reference, CODE, "web:phone", "web:second", "moved")


@pytest.mark.parametrize("code", ["", "12345", "  12345  ", "x" * 201])
def test_a_code_too_short_or_too_long_is_refused(code: str) -> None:
    conversation("web:first")
    with pytest.raises(ValueError, match="length"):
        returning.keep("web:first", code)


def test_without_a_message_there_is_nothing_to_keep() -> None:
    with pytest.raises(returning.NothingToKeep):
        returning.keep("web:nobody", CODE)


def test_unknown_numbers_wrong_codes_and_cases_never_kept_get_the_same_answer() -> None:
    conversation("web:never kept")
    conversation("web:first")
    number, _ = returning.keep("web:first", CODE)
    for typed, code in ((new_reference(), CODE), (number, "wrong code"), ("nonsense", CODE), ("", ""), (number, "")):
        assert not returning.open_again(typed, code, "web:phone", "web:second", "moved")


def test_wrong_tries_shut_the_case_for_longer_and_longer_even_for_the_right_code() -> None:
    case = conversation("web:first")
    number, _ = returning.keep("web:first", CODE)
    for _ in range(returning.FREE_TRIES):
        assert not returning.open_again(number, "wrong code", "web:phone", "web:thief", "moved")
    assert not returning.open_again(number, CODE, "web:phone", "web:second", "moved")
    unblock(case)
    assert not returning.open_again(number, "wrong code", "web:phone", "web:thief", "moved")
    with reading() as session:
        found = session.get(Conversation, case)
    assert found.return_failures == returning.FREE_TRIES + 1
    assert found.return_blocked_until - now() > timedelta(seconds=50)
    unblock(case)
    assert returning.open_again(number, CODE, "web:phone", "web:second", "moved")
    with reading() as session:
        assert session.get(Conversation, case).return_failures == 0


def test_the_delay_doubles_and_ends_at_an_hour() -> None:
    delays = [returning.delay_after(failures).total_seconds() for failures in (0, 2, 3, 4, 5, 100_000)]
    assert delays == [0, 0, 30, 60, 120, 3600]
