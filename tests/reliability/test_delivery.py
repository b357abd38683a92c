"""What goes to a channel's own address: signed, in order, at least once, again after a failure, rung for at the end."""
from __future__ import annotations

import hmac
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from sqlalchemy import select

import bot.conversations.delivery as delivery
from bot.conversations.delivery import not_sent, take_due
from bot.conversations.messages import add_message, open_conversation, state_of
from bot.conversations.tables import Conversation, Delivery, Message
from bot.database import now, reading, writing
from bot.jobs.delivery import deliver
from bot.referrals.reports import begin_report
from bot.referrals.tables import Case
from bot.retries import RETRIES
from bot.security.tables import ApiToken
from bot.security.tokens import BadToken, create, revoke
from bot.security.webhooks import set_webhook

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADDRESS = "https://channel.example/in"


class Channel:
    """A program with an address, which takes what is sent or refuses it."""

    def __init__(self) -> None:
        self.name = f"c-{uuid.uuid4().hex[:12]}"
        with writing() as session:
            create(session, self.name, "channel")
            self.key = set_webhook(session, self.name, ADDRESS)
            self.token = session.execute(select(ApiToken.id).filter_by(name=self.name)).scalar_one()
            conversation = open_conversation(session, "api", f"token:{self.token}", "phone-1")
            begin_report(session, conversation)
            self.conversation = conversation.id
        self.got: list[httpx.Request] = []
        self.answers: list[int | Exception] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)

    def say(self, *texts: str) -> None:
        with writing() as session:
            for text in texts:
                add_message(session, session.get(Conversation, self.conversation), "human", text, speaker="Ana Marin")

    async def round(self) -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as http:
            await deliver(http)

    def texts(self) -> list[str]:
        return [json.loads(request.content)["message"]["text"] for request in self.got]

    def states(self) -> list[str]:
        with reading() as session:
            conversation = session.get(Conversation, self.conversation)
            rows = session.execute(select(Message).filter_by(conversation_id=self.conversation).order_by(Message.seq))
            return [state_of(message, conversation) for message in rows.scalars()]


@pytest.fixture
def channel(database: None) -> Iterator[Channel]:
    made = Channel()
    yield made
    with writing() as session:
        revoke(session, made.name)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Move the time of deliveries."""
    at = [now()]

    def move(by: timedelta) -> None:
        at[0] += by

    monkeypatch.setattr(delivery, "now", lambda: at[0])
    return move


async def test_a_message_is_sent_signed_and_once(channel: Channel) -> None:
    channel.say("I read this now.")
    await channel.round()
    await channel.round()
    [request] = channel.got
    body = json.loads(request.content)
    assert body["conversation"] == "phone-1" and body["message"]["from"] == "human"
    assert body["delivery"] == request.headers["firstline-delivery"]
    at = request.headers["firstline-time"]
    signed = hmac.new(channel.key.encode(), at.encode() + b"." + request.content, sha256).hexdigest()
    assert request.headers["firstline-signature"] == f"v1={signed}"
    assert channel.states() == ["sent"]


async def test_messages_of_a_conversation_never_overtake_each_other(channel: Channel, clock: Any) -> None:
    channel.answers = [503]
    channel.say("First.", "Second.")
    await channel.round()
    assert channel.texts() == ["First."]
    clock(timedelta(seconds=6))
    await channel.round()
    await channel.round()
    assert channel.texts() == ["First.", "First.", "Second."]
    ids = [request.headers["firstline-delivery"] for request in channel.got]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("failure", [500, 302, httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
async def test_it_is_tried_again_at_the_promised_times_and_then_rings(
    channel: Channel, clock: Any, failure: int | Exception
) -> None:
    assert [wait.total_seconds() for wait in RETRIES[:5]] == [5, 30, 300, 900, 3600] and len(RETRIES) == 28
    channel.answers = [failure] * 99
    channel.say("Somebody is on the way.")
    for number, wait in enumerate(RETRIES, 1):
        await channel.round()
        assert len(channel.got) == number and channel.states() == ["stored"]
        clock(wait - timedelta(seconds=1))
        await channel.round()
        assert len(channel.got) == number
        clock(timedelta(seconds=2))
    await channel.round()
    assert channel.states() == ["failed"] and len(channel.got) == len(RETRIES) + 1
    with reading() as session:
        case = session.execute(select(Case).filter_by(conversation_id=channel.conversation)).scalar_one()
        assert (case.reason, case.state) == ("undelivered", "open")
    clock(timedelta(days=2))
    await channel.round()
    assert len(channel.got) == len(RETRIES) + 1


async def test_two_senders_never_send_the_same_at_once_and_a_dead_one_is_replaced(channel: Channel, clock: Any) -> None:
    channel.say("First.")
    with writing() as session:
        [mine] = [p for p in take_due(session) if p.conversation.id == channel.conversation]
    with writing() as session:
        assert not [p for p in take_due(session) if p.conversation.id == channel.conversation]
    # The first one was killed after it had sent and before it noted that: the channel gets the same delivery again.
    clock(timedelta(seconds=61))
    await channel.round()
    assert [request.headers["firstline-delivery"] for request in channel.got] == [mine.id]


async def test_a_late_note_of_a_failure_does_not_undo_what_another_sender_did(channel: Channel, clock: Any) -> None:
    channel.say("First.")
    with writing() as session:
        [slow] = [p for p in take_due(session) if p.conversation.id == channel.conversation]
    clock(timedelta(seconds=61))
    await channel.round()
    with writing() as session:
        assert not not_sent(session, slow, "ReadTimeout")
    assert channel.states() == ["sent"]
    with reading() as session:
        assert session.get(Delivery, slow.id).state == "sent"


async def test_a_channel_without_an_address_or_with_a_revoked_token_gets_nothing(channel: Channel) -> None:
    with writing() as session:
        revoke(session, channel.name)
    channel.say("I read this now.")
    await channel.round()
    assert not channel.got


async def test_what_waits_for_a_channel_whose_token_is_revoked_fails_and_rings(channel: Channel, clock: Any) -> None:
    channel.answers = [503]
    channel.say("First.", "Second.")
    await channel.round()
    with writing() as session:
        revoke(session, channel.name)
    clock(timedelta(seconds=6))
    await channel.round()
    await channel.round()
    assert len(channel.got) == 1 and channel.states() == ["failed", "failed"]
    with reading() as session:
        [case] = session.execute(select(Case).filter_by(conversation_id=channel.conversation)).scalars()
        assert (case.reason, case.state) == ("undelivered", "open")
        left = session.execute(select(Delivery.error).filter_by(conversation_id=channel.conversation)).scalars()
        assert set(left) == {"token revoked"}


async def test_what_fails_in_a_chat_without_a_report_rings_too(channel: Channel, clock: Any) -> None:
    with writing() as session:
        session.get(Conversation, channel.conversation).report_id = None
    channel.say("First.")
    with writing() as session:
        session.get(Delivery, session.execute(select(Delivery.id).filter_by(conversation_id=channel.conversation))
                    .scalar_one()).attempts = len(RETRIES)
    channel.answers = [503]
    await channel.round()
    with reading() as session:
        [case] = session.execute(select(Case).filter_by(conversation_id=channel.conversation)).scalars()
        assert (case.reason, case.state) == ("undelivered", "open")


async def test_what_is_for_a_name_that_cannot_be_read_waits_and_holds_up_no_other(channel: Channel, clock: Any) -> None:
    other = Channel()
    with writing() as session:
        sealed = session.get(Conversation, channel.conversation).name_sealed
        session.query(Conversation).filter_by(id=channel.conversation).update({"name_sealed": b"no sealed value"})
    channel.say("First.")
    other.say("Second.")
    await channel.round()
    assert channel.texts() == ["Second."]
    with reading() as session:
        left = session.execute(select(Delivery).filter_by(conversation_id=channel.conversation)).scalar_one()
        assert (left.state, left.error) == ("waiting", "conversation unreadable")
    with writing() as session:
        session.query(Conversation).filter_by(id=channel.conversation).update({"name_sealed": sealed})
    clock(timedelta(seconds=6))
    await channel.round()
    assert channel.texts() == ["Second.", "First."]
    with writing() as session:
        revoke(session, other.name)


@pytest.mark.parametrize("address", [
    "http://channel.example/in", "ftp://channel.example", "https://", "https://me:secret@channel.example/", "channel",
    "https://channel.example/#x", "https://channel.example/" + "a" * 400,
])
async def test_an_unsafe_address_is_refused(channel: Channel, address: str) -> None:
    with pytest.raises(BadToken), writing() as session:
        set_webhook(session, channel.name, address)


async def test_a_message_and_its_delivery_are_stored_together(channel: Channel) -> None:
    with pytest.raises(RuntimeError), writing() as session:
        add_message(session, session.get(Conversation, channel.conversation), "human", "Never said.", speaker="Ana")
        raise RuntimeError
    with reading() as session:
        assert not session.execute(select(Delivery).filter_by(conversation_id=channel.conversation)).all()
