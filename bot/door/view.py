"""Puts together all that an open chat shows: messages after a number, who speaks, the duty desk, the active answers."""
from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from bot.conversations.messages import called
from bot.conversations.tables import Conversation, Message
from bot.database import reading
from bot.door import gateway
from bot.door.devices import CONVERSATION
from bot.door.pages import numbers, texts
from bot.door.wording import blocks
from bot.referrals.tables import Case
from bot.security.accounts import duty_signed_in
from bot.security.tables import Account

CHANGE, MEANT = "#change:", "#meant:"
"""A reply with one of these starts is a line of its message: tapping it changes that answer, or asks something else,
also later."""
LOOK_BACK = 30
"""How many earlier messages are looked at for the active answers and for what became of the responder's messages."""


def _officer(session: Session, conversation_id: str) -> str | None:
    query = (
        select(Account.display_name)
        .join(Case, Case.owner_id == Account.id)
        .where(Case.conversation_id == conversation_id, Case.state == "claimed")
        .order_by(Case.claimed_at.desc())
    )
    name: str | None = session.execute(query).scalars().first()
    return name


def _extras(owner: str, after: int) -> tuple[bool, str, str | None, dict[int, str | None]]:
    """Read what the gateway does not tell.

    Returns:
        Whether an officer is signed in, the conversation's id (empty where there is none), the officer who has it, and
        the browser's own ids of its messages.
    """
    with reading() as session:
        duty = duty_signed_in(session)
        query = select(Conversation.id).filter_by(**called(session, owner, CONVERSATION))
        conversation_id = session.execute(query).scalar_one_or_none()
        if conversation_id is None:
            return duty, "", None, {}
        own = select(Message).where(
            Message.conversation_id == conversation_id, Message.author == "responder", Message.seq > after
        ).options(load_only(Message.seq, Message.external_id_sealed))
        ids = {message.seq: message.external_id for message in session.execute(own).scalars()}
        return duty, conversation_id, _officer(session, conversation_id), ids


def active_replies(messages: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Find the answers that may be tapped: those of the bot's last turn.

    A turn that failed (only a notice came) leaves the answers of the turn before it, so that the next tap goes on.

    Args:
        messages: the last messages of a conversation, in order, as the API shows them.

    Returns:
        Quick replies without the lines of messages.
    """
    bot_spoke = False
    for message in reversed(messages):
        if message["from"] == "responder":
            if bot_spoke:
                break
            continue
        bot_spoke = bot_spoke or message["from"] == "bot"
        found = [reply for reply in message["quick_replies"] if not reply["payload"].startswith((CHANGE, MEANT))]
        if found:
            return found
    return []


def _shown(message: dict[str, Any], client_id: str | None) -> dict[str, Any]:
    who, author = texts()["who"], message["from"]
    known = (numbers()["emergency"], numbers()["duty_phone"], numbers()["child_protection_phone"])
    changes = [reply for reply in message["quick_replies"] if reply["payload"].startswith((CHANGE, MEANT))]
    meant = any(reply["payload"].startswith(MEANT) for reply in changes)
    # A line that can be tapped need not be read twice; channels without buttons have it in the text.
    tapped = {f"- {reply['title']}" for reply in changes}
    text = "\n".join(line for line in message["text"].splitlines() if line not in tapped)
    return {
        "seq": message["seq"],
        "from": author,
        "who": who[author] if author == "responder" else message["speaker"] or who[author],
        "kind": who.get(f"{author}_kind", ""),
        "at": message["at"],
        "state": message["state"],
        "id": client_id,
        "blocks": blocks(text, None if author == "responder" else known),
        "changes": changes,
        "changes_title": texts()["page"]["meant" if meant else "change"],
    }


def greeting() -> dict[str, Any]:
    """Give the words that stand in a chat before its first message, as a message."""
    text = texts()["greeting"]["text"]
    return _shown({"seq": 0, "from": "bot", "speaker": None, "at": "", "state": "done", "text": text,
                   "quick_replies": []}, None)


def _bar(state: str, officer: str | None) -> str:
    bar = texts()["bar"]
    return str(bar.get(state, "")).replace("{officer}", officer or bar["officer_unknown"])


async def view(owner: str, after: int = 0, has: int = 0) -> dict[str, Any]:
    """Give what an open chat must show.

    Args:
        owner: the device's owner id.
        after: messages after this number are given.
        has: number of the last message that the page itself says it has.

    Returns:
        `messages` after that number, `states` of the responder's recent ones, the `replies` that may be tapped, `state`
        and the words for it in `bar`, `duty` (somebody is signed in) and its words, `reference`, `last` number, and
        `conversation` (empty before the first message).

    Raises:
        gateway.Unavailable: the database is gone.
    """
    look_from = max(0, after - LOOK_BACK)
    answer = await gateway.read(owner, CONVERSATION, look_from, has)
    recent, state = (answer.messages, answer.state) if answer else ([], "bot")
    try:
        duty, conversation, officer, ids = await asyncio.to_thread(_extras, owner, after)
    except gateway.STORE_AWAY as error:
        raise gateway.Unavailable(texts()["error"]["unavailable"]) from error
    replies = active_replies(recent) if state != "human" else []
    if not recent:
        replies = [{"title": text, "payload": text} for text in texts()["greeting"]["replies"]]
    page = texts()["page"]
    return {
        "conversation": conversation,
        "messages": [_shown(m, ids.get(m["seq"])) for m in recent if m["seq"] > after],
        "states": {str(m["seq"]): m["state"] for m in recent if m["from"] == "responder"},
        "replies": replies,
        "state": state,
        "bar": _bar(state, officer),
        "duty": duty,
        "duty_text": page["officer_online"] if duty else page["no_officer"],
        "reference": answer.reference if answer else None,
        "last": max([after, *(m["seq"] for m in recent)]),
    }
