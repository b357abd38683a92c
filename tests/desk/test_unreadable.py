"""A record whose row was changed behind our back hides no other, still rings, and its responder is still heard."""
from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.conversations.messages import messages_after, open_conversation
from bot.conversations.tables import Conversation, Message
from bot.database import now, reading, writing
from bot.door import gateway
from bot.jobs.alarms import repeat_alarms
from bot.jobs.unfinished import attend
from bot.protocol.report import new_report
from bot.referrals.reports import begin_report, current_report, record_of, store_content
from bot.referrals.tables import Case, Receipt, Report
from bot.security.invitation_tables import Device, Invitation
from bot.security.key_file import read_keys
from bot.security.sealed import SealedRow
from bot.security.sealing import Unreadable
from bot.settings import settings
from tests.desk_world import Desk, Sample, make_case
from tests.invited import bind


def damage(report_id: str) -> None:
    with writing() as session:
        blob = bytearray(session.get(Report, report_id).data_sealed)
        blob[-1] ^= 1
        session.execute(update(Report).where(Report.id == report_id).values(data_sealed=bytes(blob))
                        .execution_options(synchronize_session=False))


@pytest.fixture
def damaged(desk: Desk) -> Sample:
    sample = make_case(writing, sent=True)
    damage(sample.report)
    return sample


def test_the_queue_shows_it_and_all_others(desk: Desk, damaged: Sample) -> None:
    other = make_case(writing, sent=True)
    shown = desk.signed_in().queue()
    assert "cannot be read" in shown and damaged.case in shown and other.case in shown


def test_it_is_claimed_and_talked_about_like_any_other(desk: Desk, damaged: Sample) -> None:
    browser = desk.signed_in()
    assert browser.act(damaged.case, "claim").status_code == 303
    page = browser.client.get(f"/desk/case/{damaged.case}")
    assert page.status_code == 200 and "ask the responder again" in page.text
    assert browser.act(damaged.case, "send", text="What did you see?", own_id="1").status_code == 303
    assert browser.act(damaged.case, "release").status_code == 303
    refused = browser.client.get(f"/desk/case/{damaged.case}/print?route=nfp")
    assert refused.status_code >= 400 and "Traceback" not in refused.text


def test_it_rings_again_and_so_do_the_others(desk: Desk, damaged: Sample) -> None:
    other = make_case(writing, sent=True)
    with writing() as session:
        session.execute(update(Case).where(Case.id.in_([damaged.case, other.case]))
                        .values(alarm_at=now() - timedelta(minutes=1)).execution_options(synchronize_session=False))
        repeat_alarms(session)
    with reading() as session:
        assert [session.get(Case, case).alarms for case in (damaged.case, other.case)] == [1, 1]


def test_a_draft_that_cannot_be_read_comes_before_the_desk_at_once(desk: Desk) -> None:
    sample = make_case(writing)
    with writing() as session:
        conversation = session.get(Conversation, sample.conversation)
        draft = begin_report(session, conversation).id
    damage(draft)
    with writing() as session:
        attend(session)
    with reading() as session:
        assert session.query(Case).filter_by(report_id=draft).one().reason == "unfinished"


def test_the_responder_is_heard_in_a_new_report_and_nothing_is_written_over(desk: Desk, damaged: Sample) -> None:
    with reading() as session:
        before = session.get(Report, damaged.report).data_sealed
        owner = session.get(Conversation, damaged.conversation).owner
    _, message_id, _ = gateway._store(owner, "chat", "web", "he is hitting her, help", None, None)
    with writing() as session:
        conversation = session.get(Conversation, damaged.conversation)
        assert conversation.report_id != damaged.report
        assert session.query(Case).filter_by(report_id=conversation.report_id).one().danger
        assert current_report(session, conversation).id == conversation.report_id
        assert session.get(Message, message_id).text == "he is hitting her, help"
        assert session.get(Report, damaged.report).data_sealed == before


def test_what_cannot_be_read_is_never_taken_for_empty(desk: Desk, damaged: Sample) -> None:
    with reading() as session:
        report = session.get(Report, damaged.report)
        with pytest.raises(Unreadable):
            _ = report.data
        assert record_of(session, report)["status"] == "unreadable"


def test_a_changed_message_is_shown_as_such_among_the_others(desk: Desk) -> None:
    sample = make_case(writing)
    with writing() as session:
        first = messages_after(session, sample.conversation)[0]
        session.execute(update(Message).where(Message.id == first.id).values(text_sealed=first.text_sealed[:-1] + b"?")
                        .execution_options(synchronize_session=False))
    with reading() as session:
        texts = [message.text for message in messages_after(session, sample.conversation)]
        assert texts[0].startswith("This cannot be read any more") and "Girl" not in texts[0]


def spoil(table: type[SealedRow], name: str, **which: str) -> None:
    """Change a sealed value behind our back."""
    with writing() as session:
        session.query(table).filter_by(**which).update({f"{name}_sealed": b"no sealed value"})


async def test_a_chat_whose_name_or_ids_cannot_be_read_goes_on(desk: Desk) -> None:
    sample = make_case(writing, sent=True)
    with reading() as session:
        chat = session.get(Conversation, sample.conversation)
        owner, name, own_id = chat.owner, chat.name, messages_after(session, chat.id)[0].external_id
    for column in ("name", "return_key"):
        spoil(Conversation, column, id=sample.conversation)
    spoil(Message, "external_id", conversation_id=sample.conversation)
    # It is found by the hash, and a repeated message is known by its own.
    chat_id, _, _ = gateway._store(owner, name, "web", "she ran away", None, None)
    assert chat_id == sample.conversation
    with reading() as session:
        before = messages_after(session, sample.conversation)
    gateway._store(owner, name, "web", before[0].text, own_id, None)
    answer = await gateway.read(owner, name, 0)
    assert answer and answer.conversation == name and len(answer.messages) == len(before)
    with reading() as session:
        record = record_of(session, session.get(Report, sample.report))
    assert (record["conversation"], record["status"]) == (sample.conversation, "referral")
    browser = desk.signed_in()
    assert browser.act(sample.case, "claim").status_code == 303 and sample.case in browser.queue()
    assert browser.act(sample.case, "send", text="What did you see?", own_id="1").status_code == 303


def test_a_receipt_that_cannot_be_read_stops_no_page_and_is_still_confirmed(desk: Desk) -> None:
    sample = make_case(writing, sent=True)
    for column in ("receiver", "phone"):
        spoil(Receipt, column, report_id=sample.report)
    browser = desk.signed_in()
    assert browser.act(sample.case, "claim").status_code == 303
    page = browser.client.get(f"/desk/case/{sample.case}")
    assert page.status_code == 200 and "received: Ana Marin" in page.text and "This cannot be read" in page.text
    assert browser.client.get(f"/desk/case/{sample.case}/print?route=nfp").status_code == 200
    spoil(Receipt, "confirmed_by", report_id=sample.report)
    assert browser.client.get(f"/desk/case/{sample.case}").status_code == 200
    with reading() as session:
        [receipt] = record_of(session, session.get(Report, sample.report))["receipts"]
    assert receipt["confirmed_by"].startswith("This cannot be read") and receipt["confirmed_at"]


def test_a_call_back_that_cannot_be_read_is_asked_for_and_stops_no_page(desk: Desk) -> None:
    owner = f"web:{uuid.uuid4()}"
    station = bind(owner)
    with reading() as session:
        own = session.query(Device).filter_by(owner=owner).one().invitation_id
    spoil(Invitation, "call_back", id=own)
    with writing() as session:
        content = begin_report(session, open_conversation(session, "web", owner, "chat")).data
    assert "call_back" not in content["values"] and content["values"]["organisation"]["value"] == station
    page = desk.signed_in("admin").client.get("/desk/invitations")
    assert page.status_code == 200 and station in page.text


async def test_without_the_key_file_nothing_is_said_to_be_stored(desk: Desk) -> None:
    path = settings().key_file
    assert read_keys(path)
    away = path.rename(path.with_name("away"))
    try:
        with pytest.raises(gateway.Unavailable, match="could not be stored"):
            await gateway.post("web:nobody", "chat", "web", "a girl alone", None)
    finally:
        away.rename(path)


def test_content_is_stored_where_the_version_holds(desk: Desk) -> None:
    sample = make_case(writing)
    with writing() as session:
        content = {**new_report(), "account": ["told again"]}
        store_content(session, sample.report, session.get(Report, sample.report).version, content)
        assert session.get(Report, sample.report).data["account"] == ["told again"]
