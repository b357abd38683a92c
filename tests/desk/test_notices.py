"""Officers read on the queue that notices to people outside do not arrive, until one does."""
from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from bot.database import now, writing
from bot.notices.tables import Notice
from bot.settings import settings
from tests.desk_world import Desk

SAYS = "do not arrive"


def end(address: str, state: str, seconds: int) -> None:
    at = now() + timedelta(seconds=seconds)
    with writing() as session:
        session.add(Notice(id=str(uuid.uuid4()), kind="wanted", priority="urgent", address=address, state=state,
                           attempts=29, created_at=at, finished_at=at))


def test_a_notice_that_was_given_up_is_an_alarm_until_one_arrives(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"duty-{uuid.uuid4().hex[:8]}@desk.example"
    for name, value in (("SMTP_HOST", "mail.example"), ("SMTP_SENDER", "firstline@desk.example"),
                        ("NOTICES_DUTY", address)):
        monkeypatch.setenv(f"FIRSTLINE_{name}", value)
    settings.cache_clear()
    officer = desk.signed_in("duty")
    assert SAYS not in officer.client.get("/desk/").text
    end(address, "failed", -5)
    page = officer.client.get("/desk/").text
    assert SAYS in page and 'role="alert"' in page.split(SAYS)[0][-300:]
    assert SAYS not in desk.signed_in("manager").client.get("/desk/").text
    # Of an address that nobody names any more nobody needs to know.
    monkeypatch.setenv("FIRSTLINE_NOTICES_DUTY", "another@desk.example")
    settings.cache_clear()
    assert SAYS not in officer.client.get("/desk/").text
    monkeypatch.setenv("FIRSTLINE_NOTICES_DUTY", address)
    settings.cache_clear()
    end(address, "sent", -2)
    assert SAYS not in officer.client.get("/desk/").text
    monkeypatch.undo()
    settings.cache_clear()
