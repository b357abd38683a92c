"""The jobs: alarms that repeat until somebody claims, and messages that waited for the bot."""
from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversations.messages import add_message, messages_after, open_conversation, receive
from bot.conversations.tables import Conversation, Message
from bot.database import now, reading, writing
from bot.door import bot_client
from bot.jobs import alarms
from bot.jobs.alarms import repeat_alarms, ring_for_unanswered
from bot.jobs.pending import conversations_waiting, hand_over
from bot.jobs.unfinished import attend
from bot.protocol.profile import shortest
from bot.protocol.report import new_report, put
from bot.referrals.reports import begin_report, open_case
from bot.referrals.tables import Case, Report
from tests.reliability.crashes import own_database


@pytest.fixture(scope="module", autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ring for no case that other tests left waiting."""
    with own_database(tmp_path_factory.mktemp("jobs")):
        yield


def a_case(danger: bool) -> tuple[str, str]:
    content = new_report()
    put(content, "danger", "yes" if danger else "no", source="answer")
    with writing() as session:
        conversation = open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat")
        report = begin_report(session, conversation, content)
        return open_case(session, report, conversation, "danger" if danger else "human").id, conversation.id


@pytest.mark.parametrize(("danger", "minutes"), [(True, 5), (False, 15)])
async def test_an_unclaimed_case_rings_again_and_the_responder_reads_so(
    database: None, danger: bool, minutes: int
) -> None:
    case_id, conversation_id = a_case(danger)
    with reading() as session:
        due = session.get(Case, case_id).alarm_at
    assert timedelta(minutes=minutes - 1) < due - now() <= timedelta(minutes=minutes)
    with writing() as session:
        assert repeat_alarms(session) == 0
        session.get(Case, case_id).alarm_at = now() - timedelta(seconds=1)
        session.flush()
        assert repeat_alarms(session) == 1
    with reading() as session:
        case = session.get(Case, case_id)
        assert case.alarms == 1 and case.alarm_at > now()
        said = [m.text for m in messages_after(session, conversation_id) if m.author == "system"]
    assert len(said) == 1 and "Not yet read by a person" in said[0] and "112" in said[0]


async def test_of_many_alarms_danger_rings_first_and_the_others_in_the_next_rounds(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [a_case(danger=number == 2)[0] for number in range(3)]
    monkeypatch.setattr(alarms, "AT_ONCE", 2)

    def rung() -> list[int]:
        repeat_alarms(session)
        return [session.get(Case, case, populate_existing=True).alarms for case in made]

    with writing() as session:
        for number, case in enumerate(made):
            session.get(Case, case).alarm_at = now() - timedelta(minutes=9 - number)
        session.flush()
        assert rung() == [1, 0, 1]
        assert rung() == [1, 1, 1] == rung()


async def test_no_report_is_opened_for_an_alarm_that_is_due_nowhere(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, _ = a_case(danger=False)
    held, conversation_id = a_case(danger=True)
    opened: list[str] = []
    really = alarms.content_of

    def content_of(report: Report) -> Any:
        opened.append(report.id)
        return really(report)

    monkeypatch.setattr(alarms, "content_of", content_of)
    with writing() as session:
        conversation, case = session.get(Conversation, conversation_id), session.get(Case, held)
        case.state, case.alarm_at, conversation.state = "claimed", None, "human"
        receive(session, conversation, "are you there?", None, None)
        reports = {session.get(Case, one).report_id for one in (waits, held)}
        for times, expected in ((1, set()), (0.01, reports)):
            # Were there a country whose people wait less long, its cases would have to be told from the others.
            monkeypatch.setattr(alarms, "shortest", lambda limit, times=times: times * shortest(limit))
            session.get(Case, waits).alarm_at = now() + timedelta(minutes=14)
            message = session.execute(select(Message).filter_by(conversation_id=conversation_id)).scalar_one()
            message.created_at = now() - timedelta(minutes=4)
            session.flush()
            opened.clear()
            assert (repeat_alarms(session), ring_for_unanswered(session)) == (0, 0)
            assert reports & set(opened) == expected


async def test_a_claimed_case_does_not_ring(database: None) -> None:
    case_id, _ = a_case(danger=True)
    with writing() as session:
        case = session.get(Case, case_id)
        case.state, case.alarm_at = "claimed", now() - timedelta(hours=1)
        session.flush()
        assert repeat_alarms(session) == 0


async def test_a_chat_that_an_officer_holds_and_does_not_answer_rings_once_a_while(database: None) -> None:
    case_id, conversation_id = a_case(danger=True)
    with writing() as session:
        conversation = session.get(Conversation, conversation_id)
        case = session.get(Case, case_id)
        case.state, case.alarm_at, conversation.state = "claimed", None, "human"
        message, _ = receive(session, conversation, "are you there?", None, None)
        session.flush()
        assert ring_for_unanswered(session) == 0, "it rang before anybody could answer"
        message.created_at = now() - timedelta(minutes=6)
        session.flush()
        assert ring_for_unanswered(session) == 1
        assert ring_for_unanswered(session) == 0, "it rang twice at once"
        case.alarm_at = None
        add_message(session, conversation, "human", "I am here", speaker="Duty officer")
        assert ring_for_unanswered(session) == 0, "it rang although it was answered"
        said = [m.text for m in messages_after(session, conversation_id) if m.author == "system"]
        assert len(said) == 1 and "not been answered yet" in said[0]


async def test_a_message_that_waited_is_found_and_a_fresh_one_left_to_the_door(database: None) -> None:
    with writing() as session:
        old = open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat")
        message, _ = receive(session, old, "boy, 12", None, None)
        message.created_at = now() - timedelta(minutes=1)
        fresh = open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat")
        receive(session, fresh, "girl, 12", None, None)
    with reading() as session:
        waiting = conversations_waiting(session)
    assert old.id in waiting and fresh.id not in waiting
    with writing() as session:
        session.query(Message).filter(Message.conversation_id.in_([old.id, fresh.id])).update({"state": "done"})


async def test_a_conversation_that_fails_keeps_nobody_behind_it_waiting(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing() as session:
        chats = [open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat").id for _ in range(3)]
        for minutes, chat in zip((9, 8, 7), chats, strict=True):
            message, _ = receive(session, session.get(Conversation, chat), "boy, 12", None, None)
            message.created_at = now() - timedelta(minutes=minutes)
    asked = []

    async def answer(conversation: str) -> None:
        asked.append(conversation)
        if conversation == chats[0]:
            raise bot_client.BotUnavailable("HTTPStatusError")

    monkeypatch.setattr(bot_client, "answer", answer)
    await hand_over()
    assert [chat for chat in asked if chat in chats] == chats
    with writing() as session:
        session.query(Message).filter(Message.conversation_id.in_(chats)).update({"state": "done"})


def a_draft(minutes: int, **person: object) -> tuple[str, str]:
    content = new_report()
    content["about_a_person"] = True
    for field, value in {"age": 14, "child": "yes", **person}.items():
        put(content, field, value, source="message")
    with writing() as session:
        conversation = open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat")
        report = begin_report(session, conversation, content)
        message, _ = receive(session, conversation, "girl of 14", None, None)
        message.state, message.created_at = "done", now() - timedelta(minutes=minutes)
        return report.id, conversation.id


def told_to(conversation_id: str) -> list[str]:
    with reading() as session:
        return [m.text for m in messages_after(session, conversation_id) if m.author == "system"]


async def test_a_draft_about_a_child_is_reminded_of_once_and_then_on_the_desk(database: None) -> None:
    report_id, conversation_id = a_draft(20)
    for _ in range(3):
        with writing() as session:
            attend(session)
    assert len(told_to(conversation_id)) == 1 and "not sent yet" in told_to(conversation_id)[0]
    with writing() as session:
        session.query(Message).filter_by(conversation_id=conversation_id, author="responder").update(
            {"created_at": now() - timedelta(minutes=61)}
        )
        attend(session)
        attend(session)
        case = session.query(Case).filter_by(report_id=report_id).one()
        assert (case.kind, case.reason, case.state) == ("contact", "unfinished", "open")


async def test_a_fresh_draft_and_one_about_an_adult_are_left_alone(database: None) -> None:
    drafts = [a_draft(5), a_draft(90, age=30, child="no")]
    with writing() as session:
        attend(session)
        for report_id, _ in drafts:
            assert session.query(Case).filter_by(report_id=report_id).first() is None
    assert all(told_to(conversation_id) == [] for _, conversation_id in drafts)


def an_unread_word(minutes: int, state: str) -> str:
    with writing() as session:
        conversation = open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat")
        message, _ = receive(session, conversation, "girl of 14, a man holds her passport", None, None)
        message.state, message.created_at = state, now() - timedelta(minutes=minutes)
        return conversation.id


@pytest.mark.parametrize("state", ["waiting", "failed"])
async def test_words_that_the_bot_never_read_come_to_the_desk(database: None, state: str) -> None:
    chat, fresh = an_unread_word(16, state), an_unread_word(5, state)
    with writing() as session:
        attend(session)
        attend(session)
        [case] = session.query(Case).filter_by(conversation_id=chat).all()
        assert (case.kind, case.reason, case.state) == ("contact", "unfinished", "open")
        assert session.query(Case).filter_by(conversation_id=fresh).first() is None


async def test_a_word_that_was_read_when_it_was_said_again_is_not_unread(database: None) -> None:
    chat = an_unread_word(16, "failed")
    with writing() as session:
        message, _ = receive(session, session.get(Conversation, chat), "girl of 14", None, None)
        message.state, message.created_at = "done", now() - timedelta(minutes=15)
    with writing() as session:
        attend(session)
        assert session.query(Case).filter_by(conversation_id=chat).first() is None
