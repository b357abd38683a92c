"""The way of a message: checked, stored once, relayed to a person or answered by the bot; replies come from rows."""
from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.conversations.delivery import mark
from bot.conversations.messages import (
    answers_to,
    as_json,
    called,
    hold,
    known_message,
    messages_after,
    open_conversation,
    receive,
    tell,
)
from bot.conversations.tables import Conversation, Message
from bot.crash_points import reached
from bot.database import now, reading, writing
from bot.door import bot_client
from bot.protocol.answers import tap
from bot.protocol.catalogue import Option, questions, text
from bot.protocol.dialogue import GONE, HUMAN
from bot.protocol.profile import load_profile
from bot.protocol.report import put
from bot.referrals.reports import current_report, open_case, readable, store_content
from bot.referrals.tables import Report
from bot.security.sealing import SealError
from bot.settings import settings
from bot.understanding.danger import begins_another_case, danger, wants_human

MAX_CHARACTERS = 10_000
_LEAD = re.compile(r"\A[\s/]+")
"""At the beginning: a slash there would name an intent to Rasa, after spaces and further slashes too."""
_SHOWN = re.compile(r"[^\s/\u200b-\u200f\u2028-\u202e\ufeff]")
"""What somebody can see; docs/openapi.yml says the same."""
PER_MINUTE = 60
"""Messages of one conversation in a minute; danger and a wish for a person are never counted."""

TAP = "#"
STORE_AWAY = (SQLAlchemyError, SealError)
"""What keeps a message from being stored or read: no database, or no key to seal or open it with."""


class Refused(ValueError):
    """A message was not taken; `code` and text say why, and nothing was stored.

    Args:
        code: empty, too_long or too_many.
        reason: what the sender reads.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Unavailable(RuntimeError):
    """The database is away: nothing was stored, and the sender reads whom to call."""


@dataclass(frozen=True)
class Answer:
    """What a sender gets.

    Args:
        conversation: the sender's own name of the conversation.
        messages: as `messages.as_json` writes them.
        state: bot, waiting, human or closed.
        reference: of the report that the conversation is about, once it was sent.
    """

    conversation: str
    messages: list[dict[str, Any]]
    state: str
    reference: str | None


def numbers() -> dict[str, str]:
    """Give the numbers that every failure names."""
    profile = load_profile(settings().profile)
    return {"duty_phone": profile.duty.phone, "emergency": profile.emergency}


def clean(words: str) -> str:
    """Take out what no person types: control characters, and the slash that would name an intent to Rasa.

    Args:
        words: as they came.

    Returns:
        The words; line breaks, emoji and right-to-left marks stay.

    Raises:
        Refused: nothing is left, or there is too much.
    """
    if len(words) > MAX_CHARACTERS:
        raise Refused("too_long", text("too_long", limit=f"{MAX_CHARACTERS:,}", **numbers()))
    # What this Python does not know may be a newer emoji.
    kept = "".join(c for c in words if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    kept = _LEAD.sub("", kept).strip()
    if not _SHOWN.search(kept):
        raise Refused("empty", text("empty"))
    return kept


async def post(owner: str, name: str, channel: str, words: str, external_id: str | None,
               country: str | None = None) -> Answer:
    """Take one message and answer it.

    Args:
        owner: the proven sender (token or device).
        name: the sender's own name of the conversation.
        channel: web or api.
        words: what was written, or the payload of a tap.
        external_id: the sender's id of the message; a repeated one gets the same answer and makes no second turn.
        country: ISO code of the country of the sender's organisation, where it is known.

    Returns:
        The messages that answer it; none while a person holds the chat.

    Raises:
        Refused: the message cannot be taken.
        Unavailable: the database is away.
    """
    kept = clean(words)
    try:
        conversation_id, message_id, waits = await asyncio.to_thread(_store, owner, name, channel, kept, external_id,
                                                                         country)
    except STORE_AWAY as error:
        raise Unavailable(text("database_down", **numbers())) from error
    try:
        if waits:
            await bot_client.answer(conversation_id)
    except bot_client.BotUnavailable:
        await asyncio.to_thread(_bot_is_down, conversation_id, message_id)
    try:
        answer = await asyncio.to_thread(_answer, conversation_id, name, message_id)
    except STORE_AWAY as error:
        raise Unavailable(text("database_down", **numbers())) from error
    reached("door.answering")
    return answer


def _store(owner: str, name: str, channel: str, words: str, external_id: str | None,
           country: str | None) -> tuple[str, str, bool]:
    with writing() as session:
        conversation = open_conversation(session, channel, owner, name, country)
        title = _title(session, conversation.id, words) if words.startswith(TAP) else None
        # A tap counts by the words that the responder saw; a repeated message is no new one.
        urgent = bool(danger(title or words)) or wants_human(title or words)
        if not urgent and not _known(session, conversation.id, external_id) and _too_many(session, conversation.id):
            raise Refused("too_many", text("too_many", **numbers()))
        message, new = receive(session, conversation, title or words, words if title else None, external_id)
        if new and title:
            _alarm_at_a_tap(session, conversation, words, title)
        elif new:
            _alarm_at_once(session, conversation, words)
        stored = conversation.id, message.id, message.state == "waiting"
        session.flush()
        reached("door.before_commit")
    reached("door.stored")
    return stored


def _known(session: Session, conversation_id: str, external_id: str | None) -> bool:
    return external_id is not None and known_message(session, conversation_id, external_id) is not None


def _too_many(session: Any, conversation_id: str) -> bool:
    # Messages from the future are those before the clock was set back.
    last_minute = Message.created_at.between(now() - timedelta(minutes=1), now())
    query = select(func.count()).where(
        Message.conversation_id == conversation_id, Message.author == "responder", last_minute
    )
    return bool(session.execute(query).scalar_one() >= PER_MINUTE)


def _title(session: Any, conversation_id: str, payload: str) -> str | None:
    """Find the title of the reply that was tapped, as the responder saw it; None where none was offered."""
    rows = session.execute(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.author == "bot")
        .order_by(Message.seq.desc()).execution_options(yield_per=4)
    ).scalars()
    return next((r["title"] for row in rows for r in row.quick_replies if r["payload"] == payload), None)


def _alarm_at_once(session: Any, conversation: Conversation, words: str) -> None:
    """Put danger and a wish for a person in front of the desk before Rasa has read a word."""
    in_danger, human = bool(danger(words)), wants_human(words)
    with_a_person = conversation.state == "human"
    if not (in_danger or human or with_a_person):
        return
    report = current_report(session, conversation)
    content = deepcopy(report.data)
    if with_a_person:
        # The bot does not read what is told to a person; the words belong to the record all the same.
        content["account"].append(words)
    if in_danger and not begins_another_case(words):
        put(content, "danger", "yes", source="message", words=", ".join(danger(words))[:80])
    store_content(session, report.id, report.version, content)
    if in_danger or human:
        open_case(session, report, conversation, "danger" if in_danger else "human")
    if in_danger and with_a_person:
        tell(session, conversation, text("emergency_now_human", **numbers()))


def _alarm_at_a_tap(session: Any, conversation: Conversation, payload: str, title: str) -> None:
    """Do the same for a tap that says danger or missing, or asks for a person: the bot may be down."""
    sets = {GONE: {"danger": "yes", "missing": "now"}}.get(payload, {})
    question, _, key = payload.removeprefix(TAP).partition("=")
    option = tap(questions()["danger"], key) if question == "danger" else None
    if isinstance(option, Option) and option.sets.get("danger") == "yes":
        sets = option.sets
    if not sets and payload != HUMAN:
        return
    report = current_report(session, conversation)
    content = deepcopy(report.data)
    for field, value in sets.items():
        put(content, field, value, source="message", words=title)
    store_content(session, report.id, report.version, content)
    open_case(session, report, conversation, "missing" if "missing" in sets else "danger" if sets else "human")


def _bot_is_down(conversation_id: str, message_id: str) -> None:
    """Tell the responder that the bot does not answer, once a message; the message stays waiting."""
    try:
        with writing() as session:
            [conversation] = hold(session, conversation_id)
            message = session.get(Message, message_id)
            if conversation.state == "human" or message.state != "waiting" or answers_to(session, message_id):
                return
            told = tell(session, conversation, text("bot_down", **numbers()))
            told.answers = message_id
    except STORE_AWAY as error:
        raise Unavailable(text("database_down", **numbers())) from error


def _answer(conversation_id: str, name: str, message_id: str) -> Answer:
    return _hand_out(conversation_id, name, lambda session: answers_to(session, message_id))


def _hand_out(conversation_id: str, name: str, find: Callable[[Session], list[Message]], has: int = 0) -> Answer:
    """Write an answer, and note what leaves with it and what the other side says it has."""
    with reading() as session:
        conversation = session.get(Conversation, conversation_id)
        last = max((m.seq for m in find(session) if m.author != "responder"), default=0)
        has = min(has, conversation.last_seq)
        news = last > conversation.sent_seq or has > conversation.delivered_seq
    if news:
        with writing() as session:
            mark(session, conversation_id, sent=last, delivered=has)
    with reading() as session:
        conversation = session.get(Conversation, conversation_id)
        report = session.get(Report, conversation.report_id) if conversation.report_id else None
        return Answer(name, [as_json(m, conversation) for m in find(session)], conversation.state,
                      report.reference if report and readable(report) else None)


async def read(owner: str, name: str, after: int, has: int = 0) -> Answer | None:
    """Give the messages of a conversation that follow one.

    Args:
        owner: the proven sender.
        name: the sender's own name of the conversation.
        after: number of the last message already known.
        has: number of the last message that the sender says has arrived; those up to it count as delivered.

    Returns:
        All messages, the sender's own included; None where this sender has no such conversation.

    Raises:
        Unavailable: the database is away.
    """

    def fetch() -> Answer | None:
        with reading() as session:
            query = select(Conversation.id, Conversation.last_seq).filter_by(**called(session, owner, name))
            found = session.execute(query).one_or_none()
        if found is None:
            return None
        # A number that is not reached yet is one of an earlier chat, which was erased.
        since, seen = (after, has) if max(after, has) <= found.last_seq else (0, 0)
        return _hand_out(found.id, name, lambda session: messages_after(session, found.id, since), seen)

    try:
        return await asyncio.to_thread(fetch)
    except STORE_AWAY as error:
        raise Unavailable(text("database_down", **numbers())) from error
