"""The way out: what has left for the responder, what has arrived, and what must be sent to a channel's own address."""
from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import case, exists, or_, select, update
from sqlalchemy.orm import Session, aliased, undefer

from bot.conversations.tables import Change, Conversation, Delivery, Message
from bot.database import now
from bot.retries import again, is_due, take
from bot.security.tables import ApiToken

AT_ONCE = 20
PROGRAM = "token:"
"""Start of the owner of a conversation that a program holds."""


@dataclass(frozen=True)
class Parcel:
    """A delivery that this process has for itself, with all that is needed to send it.

    Args:
        id: the delivery's id, the same at each attempt.
        url: where to; None where the channel's token was revoked, so that it is sent nowhere any more.
        token_id: id of the channel's token.
        salt: its `webhook_salt`.
        conversation: where it was said.
        name: what the channel calls that; None where it cannot be read.
        message: what was said.
    """

    id: str
    url: str | None
    token_id: str
    salt: str
    conversation: Conversation
    name: str | None
    message: Message


def send_on(session: Session, conversation: Conversation, message: Message) -> None:
    """Note that a message must be sent, where its channel has an address for that.

    Args:
        session: the writing transaction that stores the message, so that there is never one without the other.
        conversation: where it was said.
        message: a stored message to the responder.
    """
    if not conversation.owner.startswith(PROGRAM):
        return
    token = session.get(ApiToken, conversation.owner.removeprefix(PROGRAM))
    if token is not None and token.webhook_url and token.revoked_at is None:
        session.add(Delivery(id=str(uuid.uuid4()), message_id=message.id, conversation_id=conversation.id,
                             token_id=token.id, state="waiting", attempts=0, due_at=now(), created_at=now()))


def mark(session: Session, conversation_id: str, sent: int = 0, delivered: int = 0) -> bool:
    """Note how far the messages to a responder have come; never goes back.

    Args:
        session: a writing transaction.
        conversation_id: the conversation.
        sent: number of the last message that left.
        delivered: number of the last message that the other side says it has.

    Returns:
        Whether that was news.
    """
    there = max(sent, delivered)
    done = session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id,
               or_(Conversation.sent_seq < there, Conversation.delivered_seq < delivered))
        .values(sent_seq=case((Conversation.sent_seq < there, there), else_=Conversation.sent_seq),
                delivered_seq=case((Conversation.delivered_seq < delivered, delivered),
                                   else_=Conversation.delivered_seq))
        .execution_options(synchronize_session=False)
    )
    if done.rowcount:
        session.add(Change(topic=conversation_id, alarm=False))
    return bool(done.rowcount)


def take_due(session: Session) -> list[Parcel]:
    """Take deliveries that are due, the oldest first and in each conversation one after the other.

    Args:
        session: a writing transaction.

    Returns:
        What this process must send or give up now; nobody else does so for a while.
    """
    earlier, said = aliased(Delivery), aliased(Message)
    overtakes = exists().where(earlier.conversation_id == Delivery.conversation_id, earlier.state == "waiting",
                               said.id == earlier.message_id, said.seq < Message.seq)
    query = (
        select(Delivery, Message, Conversation, ApiToken)
        .join(Message, Message.id == Delivery.message_id)
        .join(Conversation, Conversation.id == Delivery.conversation_id)
        .join(ApiToken, ApiToken.id == Delivery.token_id)
        .where(is_due(Delivery, now()), ~overtakes)
        .options(undefer(Conversation.name_sealed))
        .order_by(Delivery.due_at).limit(AT_ONCE).with_for_update(of=Delivery, skip_locked=True)
    )
    taken = []
    for delivery, message, conversation, token in session.execute(query).all():
        if take(session, delivery, now()):
            url = token.webhook_url if token.revoked_at is None else None
            taken.append(Parcel(delivery.id, url, token.id, token.webhook_salt or "", conversation, conversation.name,
                                message))
    return taken


def sent(session: Session, parcel: Parcel) -> None:
    """Note that a channel took a message; the conversation is held (see `messages.hold`)."""
    _end(session, parcel, "sent", None)
    mark(session, parcel.conversation.id, sent=parcel.message.seq)


def not_sent(session: Session, parcel: Parcel, error: str) -> bool:
    """Note that a channel did not take a message: it is tried again, or given up, at once where it has no address.

    Args:
        session: a writing transaction that holds the conversation.
        parcel: what was to be sent.
        error: kind of the failure, without content.

    Returns:
        Whether it was given up for good.
    """
    delivery = session.get(Delivery, parcel.id, with_for_update=True)
    if delivery.state != "waiting":
        # Another sender, for whom this one was dead, has brought it to an end.
        return False
    if parcel.url and again(delivery, error, now()):
        return False
    _end(session, parcel, "failed", error)
    session.execute(update(Message).where(Message.id == parcel.message.id).values(state="failed")
                    .execution_options(synchronize_session=False))
    session.add(Change(topic=parcel.conversation.id, alarm=False))
    return True


def _end(session: Session, parcel: Parcel, state: str, error: str | None) -> None:
    delivery = session.get(Delivery, parcel.id)
    delivery.state, delivery.error, delivery.finished_at = state, error, now()
