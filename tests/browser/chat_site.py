"""Serves the chat page with a scripted bot in place of Rasa, for the browser tests; started as a process of its own.

`/try/...` does what another person or an accident would do: an officer writes, somebody signs in, the database is gone.
"""
from __future__ import annotations

import asyncio
import sys
from typing import Any

from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, text
from sqlalchemy import select

from bot.conversations import messages
from bot.conversations.tables import Conversation, Message
from bot.database import reading, writing
from bot.door import gateway, view, web
from bot.live import Live
from bot.referrals.tables import Case, Report
from bot.security.headers import protect
from bot.security.tables import Account
from bot.setup import migrate

DANGER = [("Yes, in danger now", "#danger:yes"), ("No danger this minute", "#danger:no"), ("Unknown", "#danger:?")]
ROLES = [("Police", "#role:police"), ("Health", "#role:health"), ("School", "#role:teacher")]
LINES = [("Age: about 14", "#change:age"), ("Nationality: Moldova", "#change:nationality")]
TITLES = {payload: title for title, payload in [*DANGER, *ROLES, *LINES]}
Replies = list[tuple[str, str]]

accident = {"down": 0.0, "slow": 0.2, "duty": 0.0}


def _answers(said: str) -> list[tuple[str, Replies]]:
    if said.startswith("#change:"):
        return [("How old is the child?", [("12 to 15", "#age:u16"), ("Unknown", "#age:unknown")])]
    if said.startswith("#danger:"):
        return [("What is your own role?", ROLES)]
    if said.startswith("echo "):
        return [(said.removeprefix("echo "), [])]
    return [
        ("Call 112 if she is in danger.\n\nAt once:\n- stay in sight\n- keep her papers as they are", []),
        ("This is what I understood:", LINES),
        ("Is she in danger right now?", DANGER),
    ]


def _store(owner: str, name: str, channel: str, said: str, external_id: str | None,
           country: str | None) -> tuple[str, str, bool]:
    with writing() as session:
        found = messages.open_conversation(session, channel, owner, name, country)
        row, new = messages.receive(session, found, TITLES.get(said, said), said, external_id)
        return str(found.id), str(row.id), new and found.state != "human"


def _answer(conversation_id: str, message_id: str, said: str) -> None:
    with writing() as session:
        found = session.get(Conversation, conversation_id)
        session.get(Message, message_id).state = "done"
        for words, replies in _answers(said):
            shown = [{"title": title, "payload": payload} for title, payload in replies]
            messages.add_message(session, found, "bot", words, quick_replies=shown, answers=message_id)


async def post(owner: str, name: str, channel: str, words: str, external_id: str | None,
               country: str | None = None) -> gateway.Answer | None:
    if accident["down"]:
        raise gateway.Unavailable("down")
    kept = gateway.clean(words)
    conversation_id, message_id, ask = await asyncio.to_thread(_store, owner, name, channel, kept, external_id, country)
    if ask:
        await asyncio.sleep(accident["slow"])
        await asyncio.to_thread(_answer, conversation_id, message_id, kept)
    return await read(owner, name, 0)


async def read(owner: str, name: str, after: int, has: int = 0) -> gateway.Answer | None:
    if accident["down"]:
        raise gateway.Unavailable("down")
    with reading() as session:
        query = select(Conversation).filter_by(**messages.called(session, owner, name))
        found = session.execute(query).scalar_one_or_none()
        if found is None:
            return None
        rows = [messages.as_json(row, found) for row in messages.messages_after(session, found.id, after)]
        return gateway.Answer(conversation=name, messages=rows, state=found.state, reference=None)


async def officer(request: Request) -> HTTPResponse:
    """An officer has claimed the newest conversation and writes into it."""
    with writing() as session:
        found = session.execute(select(Conversation).order_by(Conversation.updated_at.desc())).scalars().first()
        if found.state != "human":
            found.state = "human"
            session.merge(Account(id="ana", name="ana", display_name="Ana Duarte", role="duty", password_hash="-"))
            session.add(Report(id=found.id, conversation_id=found.id, data={}, protocol_version="1"))
            session.flush()
            session.add(Case(id=found.id, report_id=found.id, conversation_id=found.id, kind="contact",
                             reason="human", state="claimed", owner_id="ana"))
            messages.tell(session, found, "Received by Ana Duarte.")
        messages.add_message(session, found, "human", request.args.get("text"), speaker="Ana Duarte")
    return text("done")


async def change(request: Request) -> HTTPResponse:
    """Set what happens from now on: `down`, `slow` (seconds), `duty` (somebody is signed in)."""
    for key, value in request.args.items():
        accident[key] = float(value[0])
    return text("done")


async def _start(app: Any, _: Any) -> None:
    app.ctx.live = Live()


async def _headers(_: Request, response: HTTPResponse) -> None:
    protect(response)


def site() -> Sanic[Any, Any]:
    """Build the application, with the scripted bot in the gateway's place."""
    migrate()
    replaced: list[tuple[Any, str, Any]] = [
        (gateway, "post", post), (gateway, "read", read), (view, "duty_signed_in", lambda _: bool(accident["duty"])),
    ]
    for module, name, stand_in in replaced:
        setattr(module, name, stand_in)
    app = Sanic("chat_site")
    app.blueprint(web.chat_blueprint())
    app.add_route(officer, "/try/officer", methods=["POST"])
    app.add_route(change, "/try/change", methods=["POST"])
    app.register_listener(_start, "before_server_start")
    app.register_middleware(_headers, "response")
    return app


if __name__ == "__main__":
    site().run("127.0.0.1", int(sys.argv[1]), access_log=False, debug=False)
