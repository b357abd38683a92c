"""After sending: status, additions, gone missing, another case; in full only in the chat that sent it."""
from __future__ import annotations

import pytest

from bot.database import reading
from bot.referrals.tables import Report
from tests.dialogues.conftest import Chat

FIRST = "Girl, 15, from Romania, alone at the motorway services, a man she does not know was to fetch her"


async def send(chat: Chat) -> str:
    await chat.say(FIRST)
    await chat.to_summary(danger="no", role="police", tonight="care", fear="unknown")
    await chat.say("#send")
    assert chat.reference
    return chat.reference


async def test_sending_twice_is_one_referral(chat: Chat) -> None:
    reference = await send(chat)
    said = await chat.say("#send")
    assert reference in said and "Nothing was sent twice" in said
    await chat.say("send")
    with reading() as session:
        assert session.query(Report).filter_by(**Report.reference.lookup(session, reference)).count() == 1
    case, = chat.cases()
    assert case.kind == "referral"


async def test_a_contact_becomes_a_referral_when_it_is_sent(chat: Chat) -> None:
    await chat.say("A girl of 13 from Ghana is locked in the flat above us, he says he will kill her tonight")
    assert [c.kind for c in chat.cases()] == ["contact"]
    await chat.to_summary(danger="yes", tonight="nobody", place="Porto, our street")
    await chat.say("#send")
    assert [c.kind for c in chat.cases()] == ["referral"]


async def test_status_is_told_where_it_was_sent(chat: Chat) -> None:
    reference = await send(chat)
    said = await chat.say("status " + reference.lower().replace("-", " "))
    assert reference in said and "not yet read by a person" in said


async def test_status_elsewhere_confirms_nothing(chat: Chat, another_chat: Chat) -> None:
    reference = await send(chat)
    known = await another_chat.say(f"status {reference}")
    from bot.referrals.reference import new_reference

    assert known == await another_chat.say(f"status {new_reference()}")
    assert "+44 20 7946 0100" in known and "received" not in known


async def test_a_misread_reference_is_noticed(chat: Chat) -> None:
    reference = await send(chat)
    wrong = ("8" if reference[0] != "8" else "9") + reference[1:]
    assert "missing or wrong" in await chat.say(f"status {wrong}")


async def test_what_is_written_after_sending_is_an_addition(chat: Chat) -> None:
    reference = await send(chat)
    said = await chat.say("the van was white, Slovak plate")
    assert f"addition to {reference}" in said
    addition, = chat.record()["amendments"]
    assert addition["verified"] and "white" in addition["text"]


async def test_an_addition_from_elsewhere_is_unverified_and_unconfirmed(chat: Chat, another_chat: Chat) -> None:
    reference = await send(chat)
    said = await another_chat.say(f"add to {reference}: I saw the man again at noon")
    assert "if there is such a case" in said
    addition, = chat.record()["amendments"]
    assert not addition["verified"] and "at noon" in addition["text"]
    from bot.referrals.reference import new_reference

    assert said == await another_chat.say(f"add to {new_reference()}: I saw the man again at noon")


@pytest.mark.parametrize("words", ["#gone", "she is gone", "ran away"])
async def test_gone_missing_is_one_message(chat: Chat, words: str) -> None:
    await send(chat)
    said = await chat.say(words)
    assert "112" in said and "urgent" in said
    case, = chat.cases()
    assert case.missing and case.danger
    assert chat.record()["assessment_summary"]["missing_child"] is True


async def test_somebody_else_after_sending_becomes_a_case_of_its_own(chat: Chat) -> None:
    first = await send(chat)
    await chat.say("now a boy of 9 from Nepal is here, a woman who is not his mother brought him")
    assert {"#same", "#other"} <= set(chat.taps)
    await chat.say("#other")
    assert chat.question == "danger"
    assert chat.value("age") == 9
    await chat.to_summary(danger="no")
    await chat.say("#send")
    assert chat.reference and chat.reference != first


async def test_more_questions_after_sending_go_to_the_same_record(chat: Chat) -> None:
    reference = await send(chat)
    await chat.say("#more")
    assert chat.question
    asked = chat.question
    await chat.say(f"#{asked}=unknown")
    assert chat.reference == reference
    assert chat.question != asked


async def test_the_route_is_explained_with_sources(chat: Chat) -> None:
    await send(chat)
    said = await chat.say("which route is it and who is responsible")
    assert "National Focal Point" in said and "OSCE, Establishing National Focal Points" in said


async def test_a_receiver_elsewhere_is_not_called_handed_over_until_somebody_confirms(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    import bot.assistant
    import bot.referrals.reports
    from bot.protocol.profile import Receiver, load_profile

    default = load_profile("default")
    elsewhere = Receiver("Focal point in the capital", "+44 1", False)
    away = replace(default, receivers={**default.receivers, "nfp": elsewhere})
    for module in (bot.assistant, bot.referrals.reports):
        monkeypatch.setattr(module, "profile_for", lambda content: (away, True))
    await chat.say(FIRST)
    await chat.to_summary(danger="no")
    said = await chat.say("#send")
    assert "not yet handed over" in said and "Focal point in the capital" in said
    receipt, = chat.record()["receipts"]
    assert receipt["confirmed_at"] is None
    await chat.say("#taken=nfp")
    receipt, = chat.record()["receipts"]
    assert receipt["confirmed_at"] and receipt["confirmed_by"] == "responder"
