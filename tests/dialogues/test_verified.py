"""A bound device: nothing that its invitation says is asked, the record says verified, and danger goes as ever."""
from __future__ import annotations

from typing import Any

import pytest

from bot.database import reading, writing
from bot.referrals.reports import record_of
from bot.referrals.tables import Report
from bot.security import invitations
from tests.dialogues.conftest import Chat
from tests.invited import CALL_BACK, bind, device_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
STORY = "Girl about 14 at the bus station in Porto, from Moldova, an older man holds her passport"


async def asked_until_the_summary(chat: Chat) -> list[str]:
    """Answer every question with a tap or "unknown"; give the ids of all that were asked."""
    asked: list[str] = []
    for _ in range(40):
        if chat.at_summary:
            return asked
        assert chat.question is not None, chat.text
        asked.append(chat.question)
        await chat.say("#danger=no" if chat.question == "danger" else f"#{chat.question}=unknown")
    raise AssertionError(asked)


async def test_a_bound_device_is_not_asked_what_is_known(chat: Chat) -> None:
    name = bind(chat.owner)
    await chat.say(STORY)
    asked = await asked_until_the_summary(chat)
    assert not {"role", "call_back"} & set(asked)
    await chat.say("#send")
    record = chat.record()
    assert chat.reference and record["reporter_verified"] is True
    known = {key: (record["values"][key]["value"], record["values"][key]["source"])
             for key in ("role", "organisation", "call_back", "organisation_country")}
    assert known == {"role": ("police", "channel"), "organisation": (name, "channel"),
                     "call_back": (CALL_BACK, "channel"), "organisation_country": ("PT", "channel")}


async def test_an_unbound_device_is_asked_and_stays_unverified(chat: Chat) -> None:
    await chat.say(STORY)
    asked = await asked_until_the_summary(chat)
    assert {"role", "call_back"} <= set(asked)
    await chat.say("#send")
    assert chat.reference and chat.record()["reporter_verified"] is False


async def test_a_word_in_a_story_does_not_change_who_is_proven(chat: Chat) -> None:
    bind(chat.owner)
    await chat.say(STORY, "I am a nurse at the hospital, the girl is hurt")
    assert chat.record()["values"]["role"]["value"] == "police"
    await chat.say("#role=health")
    assert chat.record()["values"]["role"]["value"] == "health", "an answer is the responder's own"
    assert chat.record()["reporter_verified"] is True


async def test_the_next_case_of_a_bound_device_knows_it_too(chat: Chat) -> None:
    bind(chat.owner)
    await chat.say(STORY, "Start again", "Boy, 9, alone at the ferry")
    assert chat.record()["values"]["role"]["source"] == "channel"


async def test_a_greeting_from_a_bound_device_is_no_case(chat: Chat) -> None:
    bind(chat.owner)
    await chat.say("Hello")
    assert chat.record()["assessment_summary"]["expected_route"] == "out_of_scope"


async def test_danger_from_a_bound_device_comes_first_and_at_once(chat: Chat) -> None:
    name = bind(chat.owner)
    text = await chat.say("he is dragging her into a van right now, he has a knife")
    assert "112" in text.splitlines()[0]
    record = chat.record()
    assert record["desk"]["danger"] and record["values"]["organisation"]["value"] == name


async def test_a_revoked_device_is_unverified_in_the_record_that_it_sent(chat: Chat) -> None:
    bind(chat.owner)
    await chat.say(STORY)
    await asked_until_the_summary(chat)
    await chat.say("#send")
    report_id = _report(chat)
    assert _verified(report_id)
    with writing() as session:
        invitations.revoke_device(session, device_of(chat.owner).id, "test")
    assert not _verified(report_id)


def _report(chat: Chat) -> str:
    with reading() as session:
        found: Any = session.query(Report).filter_by(**Report.reference.lookup(session, chat.reference)).one()
        return str(found.id)


def _verified(report_id: str) -> bool:
    with reading() as session:
        return bool(record_of(session, session.get(Report, report_id))["reporter_verified"])
