"""Writes and reads the messages of a conversation; every message is a row before anything else happens to it."""
from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversations.delivery import send_on
from bot.conversations.tables import Change, Conversation, Message
from bot.database import now

DESK = "desk"
"""Topic of the changes that the duty desk watches."""


def changed(session: Session, topic: str, alarm: bool = False) -> None:
    """Note that something changed, for live pages: the desk, or one conversation."""
    session.add(Change(topic=topic, alarm=alarm))


def hold(session: Session, *conversation_ids: str) -> list[Conversation]:
    """Hold conversations until the transaction ends: nobody else writes in them, and each is as it is now.

    Every transaction that writes about a conversation does this before it reads what it decides by. All rows of a
    conversation (messages, reports, cases) are so written by one at a time. SQLite has one writer at a time anyway.

    Args:
        session: a writing transaction.
        *conversation_ids: the conversations; several are taken in one order, so that two never wait for each other.

    Returns:
        Those that exist, in the order of their ids.
    """
    query = select(Conversation).where(Conversation.id.in_(conversation_ids)).order_by(Conversation.id)
    return list(session.execute(query.with_for_update(key_share=True).execution_options(populate_existing=True))
                .scalars())


def hold_if_free(session: Session, conversation_id: str) -> Conversation | None:
    """Do the same for one conversation, but wait for nobody: None where somebody else is writing in it."""
    query = select(Conversation).where(Conversation.id == conversation_id)
    return session.execute(query.with_for_update(key_share=True, skip_locked=True)
                           .execution_options(populate_existing=True)).scalar_one_or_none()


def called(session: Session, owner: str, name: str) -> dict[str, str]:
    """Give what `filter_by` needs to find an owner's conversation by the name that the owner gave it."""
    return {"owner": owner, **Conversation.name.lookup(session, name)}


def open_conversation(session: Session, channel: str, owner: str, name: str,
                      country: str | None = None) -> Conversation:
    """Find an owner's conversation, or begin it.

    Args:
        session: a writing transaction.
        channel: web or api.
        owner: the proven sender (token or device).
        name: what the sender calls the conversation.
        country: ISO code of the country of the sender's organisation, where it is known.

    Returns:
        The conversation, held (see `hold`); another owner's conversation of the same name is another one.
    """
    query = (select(Conversation).filter_by(**called(session, owner, name)).with_for_update(key_share=True)
             .execution_options(populate_existing=True))
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        try:
            with session.begin_nested():
                found = Conversation(id=str(uuid.uuid4()), channel=channel, owner=owner, name=name, country=country,
                                     state="bot", last_seq=0)
                session.add(found)
        except IntegrityError:
            # Another process began it in between.
            found = session.execute(query).scalar_one()
    return found


def add_message(session: Session, conversation: Conversation, author: str, text: str, **more: Any) -> Message:
    """Add a message at the end of a conversation.

    Args:
        session: a writing transaction.
        conversation: where it belongs.
        author: responder, bot, human or system.
        text: what people read.
        **more: further columns of `Message`.

    Returns:
        The row, with its place `seq` in the conversation.
    """
    # The number comes from the row itself, so that two writers can never give the same one.
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation.id)
        .values(last_seq=Conversation.last_seq + 1, updated_at=now())
        .execution_options(synchronize_session=False)
    )
    seq = session.execute(select(Conversation.last_seq).where(Conversation.id == conversation.id)).scalar_one()
    message = Message(
        id=str(uuid.uuid4()), conversation_id=conversation.id, seq=seq, author=author, text=text,
        **{"quick_replies": [], "report_id": conversation.report_id, "created_at": now(), "state": "done", **more},
    )
    session.add(message)
    session.flush()
    if author != "responder":
        send_on(session, conversation, message)
    changed(session, conversation.id)
    session.flush()
    return message


def known_message(session: Session, conversation_id: str, external_id: str) -> Message | None:
    """Find a message of a conversation by its sender's own id; None where it is new, or was erased."""
    own = Message.external_id.lookup(session, external_id)
    found: Message | None = session.execute(
        select(Message).filter_by(conversation_id=conversation_id, **own)).scalar_one_or_none()
    return found


def receive(session: Session, conversation: Conversation, text: str, payload: str | None,
            external_id: str | None) -> tuple[Message, bool]:
    """Store what the responder sent, once.

    Args:
        session: a writing transaction.
        conversation: where it belongs.
        text: the words, or the title of the reply that was tapped.
        payload: what a tap means.
        external_id: the sender's own id of the message; a repeated one is stored once, until it is erased.

    Returns:
        The row, and whether it is new.
    """
    if external_id:
        known = known_message(session, conversation.id, external_id)
        if known is not None:
            return known, False
    try:
        with session.begin_nested():
            message = add_message(session, conversation, "responder", text, payload=payload, external_id=external_id,
                                  state="done" if conversation.state == "human" else "waiting")
    except IntegrityError:
        # Another process stored the same message in between.
        known = known_message(session, conversation.id, external_id) if external_id else None
        if known is None:
            raise
        return known, False
    if conversation.state != "bot":
        changed(session, DESK)
    return message, True


def tell(session: Session, conversation: Conversation, text: str, **more: Any) -> Message:
    """Say something to the responder as the system (not the bot, not a person); `more` as for `add_message`."""
    return add_message(session, conversation, "system", text, **more)


def messages_after(session: Session, conversation_id: str, after: int = 0) -> list[Message]:
    """Give the messages that follow one, in order.

    Args:
        session: any transaction.
        conversation_id: the conversation.
        after: number of the last message already known.
    """
    query = select(Message).where(Message.conversation_id == conversation_id, Message.seq > after)
    return list(session.execute(query.order_by(Message.seq)).scalars())


def answers_to(session: Session, message_id: str) -> list[Message]:
    """Give the messages that answer one incoming message."""
    return list(session.execute(select(Message).filter_by(answers=message_id).order_by(Message.seq)).scalars())


def state_of(message: Message, conversation: Conversation) -> str:
    """Tell what became of a message.

    Args:
        message: the message.
        conversation: its conversation.

    Returns:
        Of the responder's: stored, done or failed. Of one to the responder: stored, sent (it left), delivered (the
        other side said so) or failed (given up).
    """
    if message.author == "responder":
        return "stored" if message.state == "waiting" else str(message.state)
    if message.seq <= conversation.delivered_seq:
        return "delivered"
    if message.state == "failed":
        return "failed"
    return "sent" if message.seq <= conversation.sent_seq else "stored"


def as_json(message: Message, conversation: Conversation) -> dict[str, Any]:
    """Write a message as the API shows it."""
    return {
        "text": message.text,
        "quick_replies": message.quick_replies,
        "from": message.author,
        "speaker": message.speaker,
        "seq": message.seq,
        "at": message.created_at.isoformat(),
        "state": state_of(message, conversation),
    }
