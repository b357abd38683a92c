"""Tables of the conversations: one row a message, one row the bot's memory, one row each change for live pages."""
from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, UniqueConstraint, event, func, select

from bot.database import Base, UtcTime, now
from bot.protocol.catalogue import text as sentence
from bot.security.keys import transcript_of
from bot.security.sealed import Sealed, SealedRow


class Conversation(SealedRow, Base):
    """One chat of one proven sender.

    `owner` is the token or device that it belongs to. `name` is what that owner calls it, with a messenger perhaps a
    phone number; it is None where it was erased or cannot be read. `country` is that of the owner's organisation, where
    it is known. `state` is the truth about who speaks: bot, waiting (a person is wanted, the bot goes on meanwhile),
    human (the bot is mute), closed (its transcript and its name were erased: what the same owner writes next is another
    conversation). `return_key` is the number under which its owner keeps it. `sent_seq` is the last message that left
    for the responder, `delivered_seq` the last that the other side has.
    """

    __tablename__ = "conversations"
    id = Column(String(36), primary_key=True)
    channel = Column(String(16), nullable=False)
    owner = Column(String(80), nullable=False)
    name = Sealed(hashed="conversation", unique=False, rarely_read=True, damaged=lambda: None)
    country = Column(String(2), nullable=True)
    state = Column(String(8), nullable=False, default="bot")
    report_id = Column(String(36), nullable=True)
    last_seq = Column(Integer, nullable=False, default=0)
    sent_seq = Column(Integer, nullable=False, default=0)
    delivered_seq = Column(Integer, nullable=False, default=0)
    return_key = Sealed(nullable=True, hashed="return_key", unique=False, rarely_read=True, damaged=lambda: None)
    return_code_hash = Column(String(200), nullable=True)
    return_failures = Column(Integer, nullable=False, default=0)
    return_blocked_until = Column(UtcTime, nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)
    updated_at = Column(UtcTime, nullable=False, default=now)
    # By its name alone a record is looked for, whoever owns it.
    __table_args__ = (UniqueConstraint("name_hash", "owner"), UniqueConstraint("return_key_hash"))
    sealed_under = ("id",)


class Message(SealedRow, Base):
    """One message, in or out.

    `author` is responder, bot, human or system. An incoming message is `waiting` until the bot or a person had it
    (`done`), or `failed` when the bot could not answer it; outgoing ones are `done`. `answers` is the incoming message
    that an outgoing one answers. `text` of a tap is the title that the responder saw; `payload` is what it means.
    `external_id` is the sender's own id of it, in which a messenger may write a phone number. It is erased with the
    text, its hash too: the same message sent again after that is a new one.
    """

    __tablename__ = "messages"
    id = Column(String(36), primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id"), nullable=False)
    report_id = Column(String(36), nullable=True)
    seq = Column(Integer, nullable=False)
    author = Column(String(10), nullable=False)
    speaker = Column(String(80), nullable=True)
    text = Sealed(erased=lambda: sentence("erased"), damaged=lambda: sentence("unreadable"))
    payload = Sealed(nullable=True, damaged=lambda: None)
    quick_replies = Sealed(as_json=True, erased=list, damaged=list)
    external_id = Sealed(nullable=True, hashed="message", unique=False, damaged=lambda: None)
    answers = Column(String(36), nullable=True)
    state = Column(String(8), nullable=False, default="done")
    created_at = Column(UtcTime, nullable=False, default=now)
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "external_id_hash"),
        Index("messages_waiting", "state", "conversation_id"),
        Index("messages_answers", "answers"),
    )
    sealed_under = ("report_id", "conversation_id")

    def sealed_subject(self) -> str:
        """Give the subject of its key: the transcript of its report, which is erased before the record."""
        return transcript_of(self.report_id) if self.report_id else str(self.conversation_id)


class Delivery(Base):
    """One message on its way to a channel's own address; `state` is waiting, sent or failed.

    It is due at `due_at`; whoever sends it first moves that time on, so that two senders never send it at once.
    """

    __tablename__ = "deliveries"
    id = Column(String(36), primary_key=True)
    message_id = Column(ForeignKey("messages.id"), unique=True, nullable=False)
    conversation_id = Column(ForeignKey("conversations.id"), nullable=False, index=True)
    token_id = Column(ForeignKey("api_tokens.id"), nullable=False)
    state = Column(String(8), nullable=False, default="waiting")
    attempts = Column(Integer, nullable=False, default=0)
    due_at = Column(UtcTime, nullable=False, default=now)
    error = Column(String(40), nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)
    finished_at = Column(UtcTime, nullable=True)
    __table_args__ = (Index("deliveries_due", "state", "due_at"),)


class DialogueState(SealedRow, Base):
    """What Rasa must remember of a conversation, kept small: slots, active loop, and where it listens."""

    __tablename__ = "dialogue_states"
    conversation_id = Column(ForeignKey("conversations.id"), primary_key=True)
    events = Sealed(as_json=True, erased=list, damaged=list)
    sealed_under = ("conversation_id",)


class Change(Base):
    """That something changed, for pages that show it live; `topic` is `desk` or a conversation's id."""

    __tablename__ = "changes"
    id = Column(Integer, primary_key=True, autoincrement=True)
    topic = Column(String(36), nullable=False)
    alarm = Column(Boolean, nullable=False, default=False)
    at = Column(UtcTime, nullable=False, default=now)


CHANGES = "firstline_changes"
"""PostgreSQL's channel on which the topic of each change is said once its transaction is stored."""


@event.listens_for(Change, "after_insert")
def _say_so(_mapper: Any, connection: Any, change: Change) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANGES, change.topic)))
