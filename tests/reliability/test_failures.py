"""Whatever fails: the responder is told at once whom to call, nothing typed is lost, nothing unsaid is called sent."""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

import actions.explaining
import actions.report
import actions.sending
import actions.telling
import bot.assistant
import bot.database
from bot.conversations.memory import TurnStore
from bot.conversations.tables import Conversation, Message
from bot.conversations.turn import NoTurn, current
from bot.database import make_engine, reading, writing
from bot.door import bot_client, gateway
from bot.referrals import claims
from bot.referrals.reports import StaleReport
from bot.referrals.tables import Receipt, Report
from bot.understanding import component
from tests.desk_world import make_account
from tests.reliability.talk import STORY, Lock, Talk, only_failure

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET_WORDS = "zebra-striped jacket"


def broken(*_: Any, **__: Any) -> Any:
    raise OSError(f"broken while reading {SECRET_WORDS}")


def database_error(*_: Any) -> Any:
    raise OperationalError("statement", {}, Exception("disk I/O error"))


def once(real: Callable[..., Any], fault: Callable[..., Any], when: Callable[..., bool] = lambda *_: True) -> Any:
    """Let a function fail the first time that it is called in earnest."""
    left = [fault]

    def instead(*given: Any, **named: Any) -> Any:
        if left and when(*given):
            left.pop()(*given)
        return real(*given, **named)

    return instead


# An action, or what stands before and behind it, fails


BREAKS: dict[str, Callable[[pytest.MonkeyPatch, Any], None]] = {
    "asking the next question": lambda patch, _: patch.setattr(actions.report, "ask", broken),
    "entering the message": lambda patch, _: patch.setattr(actions.telling, "tell", broken),
    "reading the message": lambda patch, _: patch.setattr(component, "understand", broken),
    "storing the report": lambda patch, _: patch.setattr(bot.assistant, "store_content", broken),
    "Rasa's policies": lambda patch, a: patch.setattr(a._agent.processor, "_predict_next_with_tracker", broken),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_a_turn_that_fails_is_told_and_kept_and_the_next_goes_on(
    what: str, talk: Talk, assistant: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    await talk.say(STORY)
    before = talk.report().data
    words = f"the man has a {SECRET_WORDS}"
    with pytest.MonkeyPatch.context() as patch:
        BREAKS[what](patch, assistant)
        answer = await talk.say(words)
    assert only_failure(answer) and "Something went wrong" in answer
    assert talk.own()[-1] == (words, "failed")
    assert talk.report().data == before
    out = capfd.readouterr()
    assert SECRET_WORDS not in out.out + out.err + caplog.text
    assert await talk.say("#danger=no")
    assert talk.taps and talk.own()[-1] == ("#danger=no", "done")


async def test_a_digression_that_fails_is_told(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    await talk.say(STORY)
    with monkeypatch.context() as patch:
        patch.setitem(actions.explaining.STEPS, "why", broken)
        assert only_failure(await talk.say("why?"))
    assert "Source:" in await talk.say("why?")


async def test_the_very_first_message_fails(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(actions.telling, "tell", broken)
        assert only_failure(await talk.say(STORY))
    assert talk.own() == [(STORY, "failed")]
    await talk.say(STORY)
    assert any(tap.startswith("#danger") for tap in talk.taps)


# The database is locked


async def test_a_message_that_cannot_be_stored_is_refused_with_the_number(talk: Talk, lock: Lock) -> None:
    await talk.say(STORY)
    lock.take()
    with pytest.raises(gateway.Unavailable) as refused:
        await talk.say("the van is white", "own-1")
    assert only_failure(str(refused.value)) and "could not be stored" in str(refused.value)
    lock.release()
    assert [words for words, _ in talk.own()] == [STORY]
    await talk.say("the van is white", "own-1")
    assert talk.own()[-1] == ("the van is white", "done")


async def test_locked_after_the_door_stored_it(talk: Talk, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    await talk.say(STORY)
    real = bot_client.answer

    async def answer(conversation: str) -> None:
        lock.take()
        await real(conversation)

    with monkeypatch.context() as patch:
        patch.setattr(bot_client, "answer", answer)
        with pytest.raises(gateway.Unavailable) as refused:
            await talk.say("#danger=no")
    assert only_failure(str(refused.value))
    lock.release()
    assert talk.own()[-1] == ("#danger=no", "waiting")
    await talk.say("why?")
    assert talk.own()[1:] == [("#danger=no", "done"), ("why?", "done")]
    assert talk.report().data["values"]["danger"]["value"] == "no"
    first, second = talk.answers("#danger=no"), talk.answers("why?")
    assert first and second and first[-1].seq < second[0].seq


async def test_locked_when_the_referral_is_to_be_stored(talk: Talk, lock: Lock,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    await talk.to_summary()
    real = TurnStore.save

    async def save(self: TurnStore, tracker: Any) -> None:
        lock.take()
        await real(self, tracker)

    with monkeypatch.context() as patch:
        patch.setattr(TurnStore, "save", save)
        with pytest.raises(gateway.Unavailable):
            await talk.say("#send")
    lock.release()
    assert talk.report().reference is None and not talk.said_stored()
    # The message was stored and still waits: the next one, a second tap, is answered behind it.
    await talk.say("#send")
    assert_sent_once(talk)


def assert_sent_once(talk: Talk) -> None:
    """One reference was said, and exactly that one is stored, with its case and receipts."""
    report = talk.report()
    assert report.reference and report.sent_at
    assert [f"Stored, reference {report.reference}" in text for text in talk.said_stored()] == [True]
    with reading() as session:
        query = select(Report.id).where(Report.conversation_id == talk.conversation().id,
                                        Report.reference_hash.is_not(None))
        assert len(session.execute(query).all()) == 1
        assert session.execute(select(Receipt.id).filter_by(report_id=report.id)).first()
    assert talk.case().kind == "referral"


# The database is gone


def _a_folder(path: Path) -> str:
    path.mkdir()
    return f"sqlite:///{path}"


def _an_empty_file(path: Path) -> str:
    path.touch()
    return f"sqlite:///{path}"


def _no_database_at_all(path: Path) -> str:
    path.write_bytes(b"this is no database " * 400)
    return f"sqlite:///{path}"


def _no_server(path: Path) -> str:
    return f"postgresql+psycopg2://nobody@/gone?host={path.parent}"


@pytest.mark.parametrize("instead", [_a_folder, _an_empty_file, _no_database_at_all, _no_server])
async def test_the_database_is_gone(talk: Talk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                    instead: Callable[[Path], str]) -> None:
    await talk.to_summary()
    engine = make_engine(instead(tmp_path / "gone.db"))
    with monkeypatch.context() as patch:
        patch.setattr(bot.database, "_sessions", lambda: sessionmaker(engine, future=True, expire_on_commit=False))
        with pytest.raises(gateway.Unavailable) as refused:
            await talk.say("#send", "own-1")
        with pytest.raises(gateway.Unavailable):
            await gateway.read(talk.owner, "chat", 0)
    engine.dispose()
    assert only_failure(str(refused.value))
    assert talk.report().reference is None
    await talk.say("#send", "own-1")
    assert_sent_once(talk)


async def test_gone_while_the_bot_thinks(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    await talk.say(STORY)
    real = bot.assistant._load

    def load(*given: Any) -> Any:
        turn = real(*given)
        patch.setattr(bot.assistant, "writing", database_error)
        return turn

    with monkeypatch.context() as patch:
        patch.setattr(bot.assistant, "_load", load)
        patch.setattr(bot.conversations.memory, "writing", database_error)
        answer = await talk.say("#danger=no")
    # The door still reached the database, so the message waits and the responder was told.
    assert only_failure(answer) and talk.own()[-1] == ("#danger=no", "waiting")
    await talk.say("why?")
    assert [state for _, state in talk.own()] == ["done"] * 3


# Sending fails


def _sending(*_: Any) -> bool:
    try:
        return current().send
    except NoTurn:
        return False


SEND_BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the action": lambda patch: patch.setattr(actions.sending, "new_reference", once(lambda: "", broken)),
    "the record": lambda patch: patch.setattr(bot.assistant, "submit", once(bot.assistant.submit, broken)),
    "the store": lambda patch: patch.setattr(TurnStore, "save", once(TurnStore.save, database_error)),
    "the commit": lambda patch: patch.setattr(Session, "commit", once(Session.commit, database_error, _sending)),
}


@pytest.mark.parametrize("what", SEND_BREAKS)
async def test_a_referral_that_was_not_stored_has_no_reference(what: str, talk: Talk) -> None:
    await talk.to_summary()
    with pytest.MonkeyPatch.context() as patch:
        SEND_BREAKS[what](patch)
        answer = await talk.say("#send", "own-1")
    assert only_failure(answer) and "nothing was sent" in answer
    assert talk.own()[-1] == ("#send", "failed") and not talk.said_stored()
    assert talk.report().reference is None and talk.report().sent_at is None
    with reading() as session:
        assert not session.execute(select(Receipt.id).filter_by(report_id=talk.report().id)).first()
    # A repeated request is the same request; a new tap sends.
    assert await talk.say("#send", "own-1") == answer and talk.report().reference is None
    await talk.say("#send", "own-2")
    assert_sent_once(talk)
    assert "already" in await talk.say("#send", "own-3")
    assert_sent_once(talk)


async def test_stored_although_the_commit_seemed_to_fail(talk: Talk) -> None:
    await talk.to_summary()

    def lost(session: Session) -> None:
        real(session)
        database_error()

    real = Session.commit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "commit", once(real, lost, _sending))
        answer = await talk.say("#send")
    assert "Stored, reference" in answer and "Something went wrong" not in answer
    assert_sent_once(talk)


async def test_two_taps_at_once_make_one_referral(talk: Talk) -> None:
    await talk.to_summary()
    await asyncio.gather(talk.say("#send", "own-1"), talk.say("#send", "own-1"), talk.say("#send", "own-2"))
    assert_sent_once(talk)


# The bot process is down, or slow


async def test_the_bot_is_down_and_comes_back(talk: Talk, bot_down: Callable[[], None]) -> None:
    for words in (STORY, "the van is white"):
        answer = await talk.say(words)
        assert only_failure(answer) and "not answering" in answer
        assert talk.own()[-1] == (words, "waiting")
    bot_down()
    assert await talk.say("why?")
    assert talk.own() == [(STORY, "done"), ("the van is white", "done"), ("why?", "done")]
    places = [[m.seq for m in talk.answers(words)] for words in (STORY, "the van is white", "why?")]
    assert all(places) and places[0][-1] < places[1][0] and places[1][-1] < places[2][0]
    assert [len(talk.answers(words, "system")) for words in (STORY, "the van is white", "why?")] == [1, 1, 0]


async def test_a_repeated_message_is_told_once_that_the_bot_is_down(talk: Talk, bot_down: Callable[[], None]) -> None:
    first = await talk.say(STORY, "own-1")
    assert await talk.say(STORY, "own-1") == first
    assert len(talk.rows()) == 2


async def test_danger_reaches_the_desk_without_the_bot(talk: Talk, bot_down: Callable[[], None]) -> None:
    await talk.say("he is hitting her right now")
    assert talk.case().danger and talk.case().state == "open"


@pytest.mark.parametrize(("tapped", "reason"), [
    ("#danger=yes", "danger"), ("#danger=missing", "missing"), ("#human", "human")])
async def test_a_tap_reaches_the_desk_without_the_bot(
    talk: Talk, request: pytest.FixtureRequest, tapped: str, reason: str
) -> None:
    await talk.say(STORY)
    if tapped == "#human":
        await talk.to_summary()
    request.getfixturevalue("bot_down")()
    await talk.say(tapped)
    case = talk.case()
    assert (case.state, case.reason) == ("open", reason)
    assert (case.danger, case.missing) == (tapped.startswith("#danger"), tapped == "#danger=missing")


async def test_a_turn_slower_than_the_door_is_not_cut_in_two(
    talk: Talk, wire: httpx.AsyncClient, assistant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.to_summary()
    go_on, real = asyncio.Event(), assistant._agent.handle_message

    async def slow(message: Any) -> Any:
        await go_on.wait()
        return await real(message)

    monkeypatch.setattr(assistant._agent, "handle_message", slow)
    wire.timeout = httpx.Timeout(0.3)
    for words in ("#send", "is it there?"):
        assert only_failure(await talk.say(words))
        assert talk.own()[-1] == (words, "waiting")
    assert talk.report().reference is None
    wire.timeout = httpx.Timeout(20)
    go_on.set()
    assert await talk.say("status")
    assert [state for _, state in talk.own()[-3:]] == ["done"] * 3
    assert_sent_once(talk)
    assert talk.answers("#send")[-1].seq < talk.answers("is it there?")[0].seq


# Somebody else acts while the bot thinks


def meanwhile(patch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen between the reading of a message and the storing of its answer."""
    real = actions.report.ask

    def ask(*given: Any) -> Any:
        act()
        return real(*given)

    patch.setattr(actions.report, "ask", ask)


async def test_an_officer_claims_while_the_bot_thinks(talk: Talk, assistant: Any) -> None:
    await talk.say(STORY)
    await talk.say("I want to talk to a person")
    officer, _ = make_account(writing, "duty", "Ana Marin")
    before = len(talk.rows())

    def claim() -> None:
        with writing() as session:
            claims.claim(session, talk.case().id, officer)

    with pytest.MonkeyPatch.context() as patch:
        meanwhile(patch, claim)
        assert await talk.say("#danger=no") == ""
    assert talk.state == "human"
    assert [m.author for m in talk.rows()[before:]] == ["responder", "system"]
    assert "Received by Ana Marin" in talk.rows()[-1].text
    assert await talk.say("are you there?") == "" and talk.own()[-1] == ("are you there?", "done")
    assert talk.rows()[-1].author == "responder"
    with writing() as session:
        claims.hand_back(session, talk.case().id, officer)
    await bot_client.give_back(talk.conversation().id)
    assert talk.rows()[-1].author == "bot"
    assert await talk.say("#danger=no")


@pytest.mark.parametrize(("times", "state"), [(1, "done"), (bot.assistant.ATTEMPTS, "failed")])
async def test_the_desk_changes_the_report_while_the_bot_thinks(talk: Talk, times: int, state: str) -> None:
    await talk.say(STORY)
    left = [None] * times

    def change() -> None:
        if left:
            left.pop()
            with writing() as session:
                found = session.execute(select(Conversation).filter_by(owner=talk.owner)).scalar_one()
                session.get(Report, found.report_id).version += 1

    with pytest.MonkeyPatch.context() as patch:
        meanwhile(patch, change)
        answer = await talk.say("#danger=no")
    assert talk.own()[-1] == ("#danger=no", state)
    assert only_failure(answer) == (state == "failed")
    assert talk.report().data["values"].get("danger", {}).get("value") == (None if state == "failed" else "no")
    assert len({m.text for m in talk.answers("#danger=no")}) == len(talk.answers("#danger=no"))


async def test_a_message_of_another_conversation_never_waits_for_a_failing_one(talk: Talk, assistant: Any) -> None:
    other = Talk()
    await talk.say(STORY)
    await other.say(STORY)
    real = bot.assistant.store_content

    def store(session: Session, report_id: str, *more: Any) -> None:
        if report_id == talk.report().id:
            raise StaleReport(report_id)
        real(session, report_id, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.assistant, "store_content", store)
        failed, answered = await asyncio.gather(talk.say("#danger=no"), other.say("#danger=no"))
    assert only_failure(failed) and "Something went wrong" not in answered
    with reading() as session:
        assert not session.execute(select(Message.id).where(Message.state == "waiting",
                                                            Message.conversation_id == other.conversation().id)).first()
