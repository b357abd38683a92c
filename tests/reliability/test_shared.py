"""Several processes on one PostgreSQL database: what only one may do at a time, and pages that hear of changes."""
from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import bot.locks
from bot import live
from bot.conversations.delivery import take_due
from bot.conversations.messages import add_message, changed, hold, open_conversation
from bot.conversations.tables import Conversation
from bot.database import engine, now, reading, writing
from bot.desk import session_pages
from bot.door.devices import CONVERSATION
from bot.door.joining import join
from bot.jobs.alarms import repeat_alarms
from bot.locks import AT_ONCE, ConversationLocks, alone
from bot.protocol.report import new_report
from bot.referrals.claims import claim
from bot.referrals.reports import begin_report, open_case, submit
from bot.referrals.tables import Case, Report
from bot.security import accounts, audit, invitations, sessions
from bot.security.hashes import keyed_hash
from bot.security.tables import ApiToken
from bot.security.tokens import create
from bot.security.webhooks import set_webhook
from tests.databases import needs_postgresql
from tests.desk_world import make_account, make_case
from tests.invited import invitation_of, invited, is_bound

pytestmark = [needs_postgresql, pytest.mark.usefixtures("database"), pytest.mark.asyncio(loop_scope="session")]

SOON = 0.4


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ConversationLocks, ConversationLocks]]:
    """The locks of two processes: each has its own connections and threads."""
    monkeypatch.setattr(bot.locks, "PATIENCE_SECONDS", SOON)
    made = ConversationLocks(), ConversationLocks()
    yield made
    for one in made:
        one._engine.dispose()


def terminate(kind: str) -> None:
    """End other connections of this database, as a restart of the server would."""
    with engine().connect() as connection:
        ended = connection.execute(text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE :kind"
        ), {"kind": f"%{kind}%"}).all()
        assert ended


async def test_two_processes_answer_a_conversation_one_after_the_other(two: Any) -> None:
    first, second = two
    name, done = str(uuid.uuid4()), []

    async def turn(locks: ConversationLocks, who: str) -> None:
        async with locks.held(name):
            done.append(f"{who} begins")
            await asyncio.sleep(0.01)
            done.append(f"{who} ends")

    await asyncio.gather(*(turn(locks, who) for who, locks in (("a", first), ("b", second)) for _ in range(5)))
    assert len(done) == 20
    assert all(done[i].split()[0] == done[i + 1].split()[0] for i in range(0, 20, 2))


async def test_who_waits_too_long_for_another_process_is_told_so_and_holds_nothing(two: Any) -> None:
    first, second = two
    name = str(uuid.uuid4())
    async with first.held(name):
        with pytest.raises(OperationalError):
            async with second.held(name):
                raise AssertionError("both hold it")
    async with second.held(name):
        pass


async def test_a_lock_ends_with_its_connection(two: Any) -> None:
    first, second = two
    name = str(uuid.uuid4())
    async with first.held(name):
        terminate("pg_advisory_lock")
        async with second.held(name):
            pass
    async with first.held(name):
        pass


async def test_a_flood_in_one_conversation_leaves_the_others_alone(two: Any) -> None:
    first, second = two
    flooded = str(uuid.uuid4())

    async def turn(name: str) -> None:
        async with second.held(name):
            pass

    async with first.held(flooded):
        flood = [asyncio.create_task(turn(flooded)) for _ in range(3 * AT_ONCE)]
        await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(*(turn(str(uuid.uuid4())) for _ in range(AT_ONCE))), SOON * 10)
        assert not any(task.done() and task.exception() is None for task in flood)
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)


async def test_two_jobs_never_do_the_clocks_at_once() -> None:
    with writing() as one, writing() as other:
        assert alone(one, "clocks") and not alone(other, "clocks")
    with writing() as other:
        assert alone(other, "clocks")


async def test_two_senders_take_different_deliveries_without_waiting() -> None:
    name = f"c-{uuid.uuid4().hex[:12]}"
    with writing() as session:
        create(session, name, "channel")
        set_webhook(session, name, "https://channel.example/in")
        token = session.query(ApiToken.id).filter_by(name=name).scalar()
        chat = open_conversation(session, "api", f"token:{token}", "phone-1")
        add_message(session, chat, "human", "I read this now.")
    with writing() as one:
        assert [p for p in take_due(one) if p.conversation.id == chat.id]
        with writing() as other:
            assert not [p for p in take_due(other) if p.conversation.id == chat.id]


async def test_an_alarm_in_a_conversation_where_somebody_writes_comes_a_round_later() -> None:
    with writing() as session:
        chat = open_conversation(session, "web", f"test:{uuid.uuid4()}", "chat")
        case = open_case(session, begin_report(session, chat, new_report()), chat, "human")
        case.alarm_at = now() - timedelta(seconds=1)
    with writing() as busy:
        hold(busy, chat.id)
        with writing() as session:
            repeat_alarms(session)
            assert session.get(Case, case.id).alarms == 0
    with writing() as session:
        repeat_alarms(session)
        assert session.get(Case, case.id).alarms == 1


async def somebody_waits() -> None:
    """Wait until a connection of this database waits for a lock."""
    waits = text("SELECT count(*) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND wait_event_type = 'Lock'")
    for _ in range(500):
        with engine().connect() as connection:
            if connection.execute(waits).scalar_one():
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_device_is_bound_once_its_chat_is_free_and_holds_up_no_trail_meanwhile() -> None:
    owner, (secret, _) = f"web:{uuid.uuid4()}", invited()
    with writing() as session:
        chat = open_conversation(session, "web", owner, CONVERSATION)
    with writing() as busy:
        hold(busy, chat.id)
        joined = asyncio.create_task(asyncio.to_thread(join, secret, owner))
        await somebody_waits()
        # Whoever has the chat can go on; else each would wait for the other.
        audit.note(busy, "test", "queue.opened")
    assert await joined and is_bound(owner)


async def test_a_referral_is_sent_once_its_chat_is_free_and_holds_up_no_trail_meanwhile() -> None:
    sample = make_case(writing)

    def send() -> str:
        with writing() as session:
            chat = session.get(Conversation, sample.conversation)
            return submit(session, session.get(Report, sample.report), chat, chat.owner)

    with writing() as busy:
        hold(busy, sample.conversation)
        sent = asyncio.create_task(asyncio.to_thread(send))
        await somebody_waits()
        audit.note(busy, "test", "queue.opened")
    assert await sent


async def test_two_taps_at_once_on_one_device_use_an_invitation_once() -> None:
    owner, (secret, _) = f"web:{uuid.uuid4()}", invited(uses=5)
    with writing() as first:
        assert invitations.accept(first, secret, owner)
        second = asyncio.create_task(asyncio.to_thread(join, secret, owner))
        await somebody_waits()
    assert await second and invitation_of(secret).uses_left == 4


async def test_a_session_is_ended_once_the_chat_is_free_and_holds_up_no_trail_meanwhile() -> None:
    root, ana = (make_account(writing, role, "Ana Marin")[0] for role in (accounts.ADMIN, accounts.DUTY))
    sample = make_case(writing)
    with writing() as session:
        claim(session, sample.case, ana)
        key = keyed_hash("desk", sessions.begin(session, ana))
    with writing() as busy:
        hold(busy, sample.conversation)
        ended = asyncio.create_task(asyncio.to_thread(session_pages.end, key, root))
        await somebody_waits()
        audit.note(busy, "test", "queue.opened")
    assert await ended == ana.name
    with reading() as session:
        assert session.get(Case, sample.case).state == "open"


async def test_the_last_two_administrators_cannot_disable_each_other_at_once() -> None:
    with writing() as session:
        for one in accounts.everyone(session):
            one.disabled = one.disabled or one.role == accounts.ADMIN
    names = [make_account(writing, accounts.ADMIN, f"Admin {n}")[0].name for n in "ab"]
    ready = threading.Barrier(2)

    def disable(name: str) -> bool:
        ready.wait(10)
        try:
            with writing() as session:
                accounts.set_disabled(session, name, True, "test")
            return True
        except accounts.BadAccount:
            return False

    done = await asyncio.gather(*(asyncio.to_thread(disable, name) for name in names))
    assert sorted(done) == [False, True]


async def test_a_page_hears_of_a_change_when_it_is_stored_and_not_before() -> None:
    topic, pages = str(uuid.uuid4()), live.Live()
    async with pages.subscribe(topic) as event:
        with writing() as session:
            changed(session, topic)
            session.flush()
            await asyncio.sleep(0.1)
            assert not event.is_set()
        await asyncio.wait_for(event.wait(), 2)
    pages._task.cancel()


async def test_a_page_hears_again_after_the_server_cut_the_line() -> None:
    topic, pages = str(uuid.uuid4()), live.Live()
    async with pages.subscribe(topic) as event:
        terminate("LISTEN")
        # What happened in between may have been missed, so it looks once.
        await asyncio.wait_for(event.wait(), 5)
        event.clear()
        with writing() as session:
            changed(session, topic)
        await asyncio.wait_for(event.wait(), 5)
    pages._task.cancel()
