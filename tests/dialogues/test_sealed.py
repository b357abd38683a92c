"""What is told, typed or decided stands nowhere in the database's files as it was said; moved rows are noticed."""
from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import text as sql

from bot.conversations.tables import Conversation, DialogueState, Message
from bot.database import Base, engine, reading, writing
from bot.door import gateway, returning
from bot.referrals import claims, decisions, talk
from bot.referrals.receipts import receipts_of
from bot.referrals.reports import amend, confirm_receipt
from bot.referrals.tables import Amendment, Case, Receipt, Report
from bot.security import invitations, organisations
from bot.security.invitation_tables import Invitation
from bot.security.sealing import Tampered, Unreadable
from bot.security.tables import Account
from tests.databases import ON_POSTGRESQL
from tests.desk_world import make_account
from tests.dialogues.conftest import Chat

STORY = ("Girl of 14 called Zorvina Quellmark, born 03.07.2012, at Wexbury Halt, her phone is +351 912 345 678. "
         "An older man holds her passport")
CANARIES = ("Zorvina", "Quellmark", "03.07.2012", "2012-07-03", "Wexbury", "912 345 678", "912345678",
            "Tamsin", "Brackwater", "Corvale", "Oskarson", "holds her passport")


def in_files(*words: str) -> list[str]:
    """Give which of these words stand in the database or its log, whatever their letter case."""
    if ON_POSTGRESQL:
        with reading() as session:
            raw = b" ".join(bytes(value) if isinstance(value, memoryview) else str(value).encode()
                            for table in Base.metadata.tables
                            for row in session.execute(sql(f"SELECT * FROM {table}")) for value in row).lower()
    else:
        path = Path(str(engine().url.database))
        raw = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")).lower()
        assert b"conversations" in raw
    return [word for word in words if word.lower().encode() in raw]


async def told(chat: Chat) -> tuple[Account, Case]:
    """Tell a whole case, send it, and have an officer write, enter, decide and name somebody."""
    await chat.say(STORY)
    await chat.to_summary(danger="no", tonight="care", place="Wexbury Halt, platform 2", fear="unknown")
    await chat.say("#send")
    assert chat.reference
    case, = chat.cases()
    officer, _ = make_account(writing, "duty", "Ana Marin")
    with writing() as session:
        claims.claim(session, case.id, officer)
        talk.send_message(session, case.id, officer, "Is Tamsin with her?", uuid.uuid4().hex)
        version = session.get(Report, case.report_id).version
        talk.enter_answers(session, case.id, officer, {(None, "call_back"): "Brackwater 912 345 678"}, version)
        decisions.decide(session, case.id, officer, "need_more", "Ask in Corvale first")
        decisions.name_case_manager(session, case.id, officer, [], "Mira Oskarson", "Care Norvik")
        amend(session, case.report_id, "Zorvina was seen again", "responder", True, None)
    return officer, case


async def test_nothing_that_was_said_stands_in_the_files(chat: Chat) -> None:
    _, case = await told(chat)
    record = str(chat.record())
    assert [word for word in CANARIES if word not in record] in ([], ["2012-07-03", "912345678"])
    assert in_files(*CANARIES, str(chat.reference)) == []
    assert in_files(case.id) == [case.id]


async def test_no_name_number_or_id_that_somebody_gave_stands_in_the_files(chat: Chat, another_chat: Chat) -> None:
    chat.name, own_id, call_back, reader = "+351 912 555 018", "wamid.351912555019", "+351 21 955 5020", "Orla Vexworth"
    station = "Thornwick Police"
    assert (await gateway.post(chat.owner, chat.name, "api", "hello", own_id)).conversation == chat.name
    _, case = await told(chat)
    await another_chat.say("Boy of 9 alone at the port of Setubal")
    number, _ = returning.keep(another_chat.owner, "kestrel 41")
    with writing() as session:
        assert confirm_receipt(session, case.report_id, "nfp", reader) is False, "the officer's claim came first"
        session.query(Receipt).filter_by(report_id=case.report_id).one().confirmed_by = reader
        made = organisations.add(session, station, "PT", "test")
        invitations.invite(session, made.id, "police", call_back, "test")
    with reading() as session:
        [receipt] = receipts_of(session, case.report_id)
        invitation = session.query(Invitation).filter_by(organisation_id=made.id).one()
        first = session.query(Message).filter_by(conversation_id=case.conversation_id, seq=1).one()
        read = (session.get(Conversation, case.conversation_id).name, first.external_id, invitation.call_back,
                receipt.confirmed_by, organisations.named(session, station).name)
    assert read == (chat.name, own_id, call_back, reader, station)
    assert in_files(*read, receipt.receiver, receipt.phone, number) == []


async def test_a_value_moved_to_another_row_or_column_is_noticed(chat: Chat, another_chat: Chat) -> None:
    await told(chat)
    await another_chat.say("Boy of 9 alone at the port of Setubal")
    with reading() as session:
        first, second = (session.query(Conversation).filter_by(owner=one.owner).one() for one in (chat, another_chat))
        texts = session.query(Message).filter_by(conversation_id=first.id, author="responder").limit(2).all()
    moves = (
        ("UPDATE reports SET data = (SELECT data FROM reports WHERE id = :source) WHERE id = :target",
         second.report_id, first.report_id, Report, "data"),
        ("UPDATE messages SET text = (SELECT text FROM messages WHERE id = :source) WHERE id = :target",
         texts[0].id, texts[1].id, Message, "text"),
        ("UPDATE messages SET payload = text WHERE id = :target", "", texts[0].id, Message, "payload"),
        ("UPDATE dialogue_states SET events = (SELECT events FROM dialogue_states WHERE conversation_id = :source)"
         " WHERE conversation_id = :target", second.id, first.id, DialogueState, "events"),
    )
    for statement, source, target, table, column in moves:
        with writing() as session:
            session.execute(sql(statement), {"source": source, "target": target} if source else {"target": target})
            assert isinstance(session.get(table, target).__dict__["_opened"][column], Tampered)
            session.rollback()
    with reading() as session:
        case = session.query(Case).filter_by(conversation_id=first.id).one()
        rows = [session.get(Report, first.report_id), session.get(DialogueState, first.id), case,
                *session.query(Message).filter_by(conversation_id=first.id),
                *session.query(Amendment).filter_by(report_id=first.report_id)]
        assert not [row for row in rows for value in row.__dict__["_opened"].values() if isinstance(value, Unreadable)]


async def test_what_was_written_before_there_was_a_report_belongs_to_it(chat: Chat) -> None:
    from bot.security.keys import transcript_of
    from bot.security.sealing import key_id_of
    from bot.security.tables import DataKey

    await chat.say("hello", "Girl of 12 alone at the station")
    with reading() as session:
        found = session.query(Conversation).filter_by(owner=chat.owner).one()
        keys = {key_id_of(m.text_sealed) for m in session.query(Message).filter_by(conversation_id=found.id)}
        assert keys == {session.query(DataKey).filter_by(subject=transcript_of(found.report_id)).one().id}


def test_a_sealed_column_is_never_compared_by_mistake() -> None:
    with pytest.raises(TypeError, match=r"reports\.reference is sealed"):
        _ = Report.reference == "7K2M"
