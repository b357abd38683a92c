"""A full disk, a clock that jumps, and an action slower than Rasa's lock: nothing lost or stuck, no alarm storm."""
from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

import bot.database
from bot.conversations.delivery import not_sent, take_due
from bot.conversations.messages import add_message, open_conversation
from bot.conversations.tables import Conversation, Delivery
from bot.database import reading, writing
from bot.door import gateway
from bot.jobs.alarms import repeat_alarms
from bot.jobs.pending import conversations_waiting
from bot.referrals.reports import begin_report
from bot.referrals.tables import Case
from bot.retries import RETRIES
from bot.security.tables import ApiToken
from bot.security.tokens import create
from bot.security.webhooks import set_webhook
from tests.desk_world import make_case
from tests.reliability.crashes import own_database
from tests.reliability.talk import STORY, Talk, only_failure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOUR = timedelta(hours=1)


# The disk is full


class Disk:
    """The disk below a SQLite database of one test."""

    def __init__(self) -> None:
        self._path = str(bot.database.engine().url.database)
        self._pages = 0

    def _limit(self, connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={self._pages}")

    def fill(self) -> None:
        """Leave no page that is free."""
        filler = sqlite3.connect(self._path, isolation_level=None)
        filler.execute("CREATE TABLE filler (content BLOB)")
        self._pages = filler.execute("PRAGMA page_count").fetchone()[0] + 40
        self._limit(filler, None)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            while True:
                filler.execute("INSERT INTO filler VALUES (zeroblob(3000))")
        filler.close()
        event.listen(bot.database.engine(), "connect", self._limit)
        bot.database.engine().dispose()

    def clear(self) -> None:
        """Make room."""
        event.remove(bot.database.engine(), "connect", self._limit)
        bot.database.engine().dispose()
        filler = sqlite3.connect(self._path)
        filler.execute("DROP TABLE filler")
        filler.close()


@pytest.fixture
def disk(own: None) -> Disk:
    if not bot.database.engine().url.drivername.startswith("sqlite"):
        pytest.skip("only SQLite can be told how large it may become")
    return Disk()


async def test_the_disk_fills_while_somebody_talks(talk: Talk, disk: Disk) -> None:
    await talk.to_summary()
    disk.fill()
    taken: list[str] = []
    refused = ""
    for number in range(100):
        try:
            await talk.say("why?", f"why-{number}")
            taken.append(f"why-{number}")
        except gateway.Unavailable as error:
            refused, left = str(error), f"why-{number}"
            break
    assert only_failure(refused)
    # Far more than any page still holds: refused at the door, and the sending as well.
    for words, own_id in (("x " * 4500, "long"), ("#send " + "x " * 4500, "send-long")):
        with pytest.raises(gateway.Unavailable):
            await talk.say(words, own_id)
    assert talk.report().reference is None and not talk.said_stored()
    disk.clear()
    await talk.say("why?", left)
    await talk.say("#send", "send")
    by_id = {m.external_id: m for m in talk.rows() if m.author == "responder" and m.external_id}
    assert list(by_id) == [*taken, left, "send"] and by_id["send"].state == "done"
    for message in by_id.values():
        answers = [m for m in talk.rows() if m.answers == message.id]
        assert answers and len({m.text for m in answers}) == len(answers)
        # Where the turn found no room and the few words about that did, they were said.
        assert message.state == "done" or (message.state == "failed" and only_failure(answers[-1].text))
    assert talk.report().reference and len(talk.said_stored()) == 1 and talk.case().kind == "referral"


# The clock jumps


@pytest.fixture
def own(tmp_path: Path) -> Iterator[None]:
    with own_database(tmp_path):
        yield


@pytest.fixture
def clock(own: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the machine's clock forward or back, as seen by everything that is stored or compared."""
    offset = [timedelta(0)]

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + offset[0]

    def jump(by: timedelta) -> None:
        offset[0] += by

    monkeypatch.setattr(bot.database, "datetime", Moved)
    return jump


@pytest.mark.parametrize("by", [-HOUR, HOUR])
async def test_a_message_that_waits_is_found_after_a_jump(
    talk: Talk, bot_down: Callable[[], None], clock: Callable[[timedelta], None], by: timedelta
) -> None:
    await talk.say(STORY)
    clock(by)
    with reading() as session:
        assert talk.conversation().id in conversations_waiting(session)
    bot_down()
    await talk.say("why?")
    assert [state for _, state in talk.own()] == ["done", "done"]
    assert [m.seq for m in talk.rows()] == list(range(1, len(talk.rows()) + 1))


async def test_alarms_ring_once_after_a_jump_and_are_never_put_off(clock: Callable[[timedelta], None]) -> None:
    sample = make_case(writing, danger=True)

    def rings() -> int:
        with writing() as session:
            repeat_alarms(session)
        with reading() as session:
            return int(session.get(Case, sample.case).alarms)

    assert rings() == 0
    clock(HOUR)
    assert [rings() for _ in range(5)] == [1] * 5
    clock(-HOUR)
    assert [rings() for _ in range(5)] == [2] * 5
    clock(timedelta(minutes=5, seconds=1))
    assert [rings() for _ in range(5)] == [3] * 5


@pytest.fixture
def channel_chat(own: None) -> str:
    """A conversation of a program with an address."""
    name = f"c-{uuid.uuid4().hex[:12]}"
    with writing() as session:
        create(session, name, "channel")
        set_webhook(session, name, "https://channel.example/in")
        token = session.query(ApiToken).filter_by(name=name).one()
        chat = open_conversation(session, "api", f"token:{token.id}", "phone-1")
        begin_report(session, chat)
        return str(chat.id)


@pytest.mark.parametrize("tried", [False, True])
@pytest.mark.parametrize("by", [-HOUR, HOUR])
async def test_a_delivery_is_not_put_off_by_a_jump(
    channel_chat: str, clock: Callable[[timedelta], None], by: timedelta, tried: bool
) -> None:
    def take() -> list[Any]:
        with writing() as session:
            return [p for p in take_due(session) if p.conversation.id == channel_chat]

    with writing() as session:
        add_message(session, session.get(Conversation, channel_chat), "human", "On the way.", speaker="Ana Marin")
    if tried:
        [parcel] = take()
        with writing() as session:
            assert not not_sent(session, parcel, "ConnectError")
    clock(by)
    assert len(take()) == 1 and not take()
    with reading() as session:
        row = session.query(Delivery).filter_by(conversation_id=channel_chat).one()
        assert row.due_at <= bot.database.now() + max(RETRIES)


async def test_an_hour_s_messages_are_not_a_minute_s_after_a_jump(
    talk: Talk, bot_down: Callable[[], None], clock: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PER_MINUTE", 3)
    for words in ("one", "two", "three"):
        await talk.say(words)
        clock(timedelta(minutes=10))
    clock(-HOUR)
    await talk.say("four")
    assert [words for words, _ in talk.own()] == ["one", "two", "three", "four"]


# An action is slower than Rasa's lock


async def test_a_turn_longer_than_rasa_s_lock_is_not_overtaken(
    talk: Talk, assistant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.say(STORY)
    locks, real_ticket = assistant._agent.lock_store, assistant._agent.lock_store.issue_ticket
    processor, real = assistant._agent.processor, assistant._agent.processor.handle_message
    go_on, inside = asyncio.Event(), []

    async def slow(message: Any) -> Any:
        inside.append(message.text)
        await go_on.wait()
        return await real(message)

    # Rasa gives a turn 60 s before it lets the next one in; here none at all.
    monkeypatch.setattr(locks, "issue_ticket", lambda conversation, _=0: real_ticket(conversation, -1))
    monkeypatch.setattr(processor, "handle_message", slow)
    first = asyncio.create_task(talk.say("#danger=no"))
    while not inside:
        await asyncio.sleep(0)
    second = asyncio.create_task(talk.say("why?"))
    while len(talk.own()) < 3:
        await asyncio.sleep(0.01)
    assert inside == ["#danger=no"]
    go_on.set()
    await asyncio.gather(first, second)
    assert inside == ["#danger=no", "why?"]
    assert [state for _, state in talk.own()] == ["done"] * 3
    assert talk.report().data["values"]["danger"]["value"] == "no"
    assert talk.answers("#danger=no")[-1].seq < talk.answers("why?")[0].seq
