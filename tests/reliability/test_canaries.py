"""Nothing of what a responder or an officer wrote is in logs, audit trail, errors of deliveries, or live changes."""
from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

import actions.report
import bot.assistant
import bot.conversations.delivery as delivery
from bot.conversations.memory import TurnStore
from bot.conversations.tables import Change, Conversation, Delivery, Message
from bot.database import make_engine, now, reading, writing
from bot.door import bot_client, gateway
from bot.jobs.delivery import deliver
from bot.referrals import claims, decisions
from bot.referrals.reports import confirm_receipt
from bot.referrals.tables import Receipt, Report
from bot.referrals.talk import send_message
from bot.security import invitations, organisations
from bot.security.invitation_tables import Invitation, Organisation
from bot.security.tables import ApiToken, AuditEntry
from bot.security.tokens import create, revoke
from bot.security.webhooks import set_webhook
from tests.desk_world import make_account
from tests.program import Program
from tests.reliability.talk import Talk, only_failure
from tests.system import PARTS, System, free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME, BORN, PLACE, PHONE = "Zephyrine Quillwater", "17/03/2012", "Tolvaddon Weir", "+44 7700 900417"
STORY = (f"Girl, her name is {NAME}, born {BORN}, from Albania, found at {PLACE}, works nights in a bakery, "
         f"an older man holds her passport. Call me on {PHONE}.")
CANARIES = ("zephyrine", "quillwater", BORN, "tolvaddon", "900417", "marrowgate")
DERIVED = ("2012-03-17", "17 march 2012")
"""What may be made of the canaries."""
OFFICER = "Is Zephyrine still at Tolvaddon Weir? Drive to Marrowgate."
NOT_FOR_CONTENT = (AuditEntry, Delivery, Change, Message, Report, Conversation, Receipt, Organisation, Invitation)
"""Tables whose rows, as the database keeps them, hold no word: from the fourth on they are sealed."""


def canaries_in(text: str) -> list[str]:
    """Name the canaries that stand in a text."""
    low = text.lower()
    return [canary for canary in (*CANARIES, *DERIVED) if canary in low]


def all_of(table: Any) -> str:
    """Write every column of every row of a table as one text."""
    with reading() as session:
        return "\n".join(str(tuple(row)) for row in session.execute(select(*table.__table__.columns)))


def raising(error: Exception) -> Any:
    def instead(*_: Any, **__: Any) -> Any:
        raise error

    return instead


@pytest.fixture
def channel(talk: Talk) -> Iterator[str]:
    """Let the talk come through a program with an address of its own; give the token's name."""
    name = f"c-{uuid.uuid4().hex[:12]}"
    with writing() as session:
        create(session, name, "channel")
        set_webhook(session, name, "https://channel.example/in")
        talk.owner = f"token:{session.execute(select(ApiToken.id).filter_by(name=name)).scalar_one()}"
    yield name
    with writing() as session:
        revoke(session, name)


async def _fail_in_every_way(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let action, record, store, door and bot process fail, each with an error that quotes what was written."""
    quoting = OSError(f"cannot read {STORY}")
    statement = OperationalError(f"INSERT {STORY}", {"text": STORY}, Exception(f"near {STORY}"))
    for target, name, error in (
        (actions.report, "ask", quoting),
        (bot.assistant, "store_content", quoting),
        (TurnStore, "save", statement),
        (bot_client, "answer", bot_client.BotUnavailable(STORY)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, raising(error))
            assert only_failure(await talk.say(f"{NAME} was seen at {PLACE}"))
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "_store", raising(statement))
        with pytest.raises(gateway.Unavailable) as refused:
            await talk.say(STORY)
        assert not canaries_in(str(refused.value))


async def _desk_answers(talk: Talk) -> None:
    case = talk.case().id
    officer, _ = make_account(writing, "duty", "Ana Marin")
    with writing() as session:
        assert confirm_receipt(session, talk.report().id, "nfp", NAME)
    for act in (
        lambda session: claims.claim(session, case, officer),
        lambda session: send_message(session, case, officer, OFFICER, "own-1"),
        lambda session: decisions.decide(session, case, officer, "need_more", OFFICER),
    ):
        with writing() as session:
            act(session)
    await talk.say(f"She is at {PLACE}, call {PHONE}")
    with writing() as session:
        claims.hand_back(session, case, officer)
    await bot_client.give_back(talk.conversation().id)


async def _deliveries_fail(talk: Talk, channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the channel fail with errors and answers that quote what it got; then it is gone for good."""
    answers = [httpx.ConnectError(f"refused {STORY}"), httpx.Response(500, text=STORY)]

    def refuse(request: httpx.Request) -> httpx.Response:
        answer = answers[len(request.content) % 2]
        if isinstance(answer, Exception):
            raise answer
        return answer

    later = [now()]
    monkeypatch.setattr(delivery, "now", lambda: later[0])
    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
        for number in range(60):
            later[0] += timedelta(hours=2)
            if number == 3:
                with writing() as session:
                    revoke(session, channel)
            if not await deliver(http):
                break
    with reading() as session:
        query = select(Delivery.state, Delivery.error).join(Conversation, Conversation.id == Delivery.conversation_id)
        ends = session.execute(query.where(Conversation.owner == talk.owner)).all()
    assert len(ends) > 5 and {state for state, _ in ends} == {"failed"} and all(error for _, error in ends)


async def test_no_canary_leaves_the_record(
    talk: Talk, channel: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    talk.name = PHONE
    with writing() as session:
        made = organisations.add(session, f"Police of {PLACE} {uuid.uuid4().hex[:8]}", "GB", "test")
        invitations.invite(session, made.id, "police", PHONE, "test")
    await talk.say(STORY, f"wamid.{PHONE}")
    await _fail_in_every_way(talk, monkeypatch)
    await talk.to_summary()
    await talk.say("#send")
    assert talk.said_stored()
    await _desk_answers(talk)
    await _deliveries_fail(talk, channel, monkeypatch)

    out = capfd.readouterr()
    logs = out.out + out.err + caplog.text + "".join(str(vars(record)) for record in caplog.records)
    # What is searched is where the failures were noted, and the canaries are where they belong.
    assert all(event in logs for event in ("action_failed", "turn_failed", "delivery_failed"))
    assert set(CANARIES) <= set(canaries_in(" ".join(m.text for m in talk.rows()) + str(talk.report().data)))
    assert not canaries_in(logs)
    for table in NOT_FOR_CONTENT:
        assert all_of(table) and not canaries_in(all_of(table)), table.__tablename__


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_no_canary_is_in_the_log_of_any_process(level: str, tmp_path: Path) -> None:
    system = System(tmp_path)
    system.env.update(FIRSTLINE_LOG_LEVEL=level, FIRSTLINE_SMTP_HOST="127.0.0.1", FIRSTLINE_SMTP_TLS="none",
                      FIRSTLINE_SMTP_PORT=str(free_port()), FIRSTLINE_SMTP_SENDER="firstline@desk.example",
                      FIRSTLINE_NOTICES_DUTY="duty@desk.example")
    engine = make_engine(system.env["FIRSTLINE_DATABASE_URL"])
    try:
        system.start()
        program = Program(system)
        # Nobody listens there, so that each message to the channel is one that fails.
        program.command("webhook", "line", f"http://127.0.0.1:{free_port()}/in")
        program.send_referral(STORY)
        # A statement fails with its parameters: in the bot's turn, then in every process.
        with engine.connect().execution_options(write=True) as connection:
            connection.execute(text("ALTER TABLE amendments RENAME TO elsewhere"))
            connection.commit()
        assert only_failure(program.say(f"{NAME} was seen at {PLACE}, call {PHONE}").text)
        with engine.connect().execution_options(write=True) as connection:
            for table in ("conversations", "cases"):
                connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_elsewhere"))
            connection.commit()
        assert program.say(f"{NAME} was seen at {PLACE}").status_code == 503
        system.wait_for_words("jobs", "round_failed")
    finally:
        system.stop()
        engine.dispose()
    for part in PARTS:
        log = (tmp_path / f"{part}.log").read_text("utf-8")
        assert f"started part={part}" in log and f"stopped part={part}" in log, log[-2000:]
        assert ("DEBUG" in log) == (level == "DEBUG")
        assert not canaries_in(log), part
        assert "Traceback" not in log
    bot = (tmp_path / "bot.log").read_text("utf-8")
    assert ("DEBUG rasa.core.processor processor." in bot) == (level == "DEBUG"), "Rasa speaks of each turn"
    [failed] = [line for line in bot.splitlines() if "turn_failed" in line]
    assert "OperationalError at " in failed or "ProgrammingError at " in failed
    assert " conversation=" in failed and " turn=" in failed and " > bot/assistant.py:" in failed
    web = (tmp_path / "web.log").read_text("utf-8")
    assert "request_failed error=Unavailable method=POST route=/api/v1/messages" in web
