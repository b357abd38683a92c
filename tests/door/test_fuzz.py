"""Whatever a program or the page sends, the door neither fails nor writes a trace: 2,000 generated messages."""
from __future__ import annotations

import json
import logging
import os
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.conversations.messages import add_message, hold
from bot.conversations.tables import Message
from bot.database import writing
from bot.door import bot_client, devices
from tests.door.programs import Client, check

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = int(os.environ.get("FIRSTLINE_SOAK", "2000"))
MESSAGES_OF_ONE = 20
"""After so many a new conversation begins, before the limit of one minute."""
PIECES = st.sampled_from([
    "girl", "boy, 14", "a man holds her passport", "from Albania", "help", "he has a knife", "I want a person",
    "#danger=yes", "#danger=no", "#send", "#change:age", "#", "/restart", "/resume", "//", "/slot{\"a\": 1}", "{{7*7}}",
    "'; DROP TABLE messages; --", "\" OR 1=1", "%s%n", "<script>alert(1)</script>", "</textarea>", "&lt;", "\"><img>",
    "\x00", "\x1b[31m", "\r\n\r\n", "\u202e", "\u200b", "\ufeff", "\ufffe", "\ud83d", "\udc00\ud800", "🙏", "дитина",
    "=cmd|'/c'!A1", "../../etc/passwd", "7K2M-9QXA-3BTW-0D5H8", "\\u0000", "null",
])
SHORT = st.one_of(st.text(st.characters(), max_size=120), st.lists(PIECES, min_size=1, max_size=8).map(" ".join))
LONG = st.builds(lambda piece, times: piece * times, st.text(st.characters(), min_size=1, max_size=6) | PIECES,
                 st.sampled_from([200, 2_000, 9_999, 30_000]))
MESSAGES = st.integers(0, 19).flatmap(lambda drawn: LONG if drawn == 19 else SHORT)


@dataclass
class Sender:
    """Sends messages both ways, in conversations that end before the limit of a minute is reached."""

    program: Client
    sent: int = 0
    device: str = field(default_factory=devices.new_device)
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    statuses: Counter[int] = field(default_factory=Counter)

    def next(self) -> None:
        """Count a message, and begin anew where it is time to."""
        self.sent += 1
        if self.sent % MESSAGES_OF_ONE == 0:
            self.device, self.name = devices.new_device(), uuid.uuid4().hex

    async def by_program(self, words: str) -> int:
        answer = await self.program.raw(json.dumps({"conversation": self.name, "message": words}).encode())
        self.statuses[answer.status_code] += 1
        check(answer, "/api/v1/messages", "post")
        return answer.status_code

    async def by_page(self, words: str) -> int:
        form = f"csrf={devices.csrf_of(self.device)}&id={uuid.uuid4()}&text={quote(words, errors='surrogatepass')}"
        headers = {"cookie": f"{devices.COOKIE}={self.device}", "content-type": "application/x-www-form-urlencoded"}
        answer = await self.program.http.post("/chat/send", content=form.encode(), headers=headers)
        self.statuses[answer.status_code] += 1
        if answer.status_code == 303:
            answer = await self.program.http.get("/", headers=headers)
            assert "<script>alert(1)" not in answer.text
        return answer.status_code


@pytest.fixture
def sender(channel: Client, assistant: Any, monkeypatch: pytest.MonkeyPatch,
           figure: Callable[[str], None]) -> Iterator[Sender]:
    """Let the bot's core answer one message in fifty; for the others one stands in that says each message again."""
    made = Sender(channel)

    async def answer(conversation_id: str) -> None:
        with writing() as session:
            [conversation] = hold(session, conversation_id)
            query = select(Message).filter_by(conversation_id=conversation_id, state="waiting")
            waiting = list(session.execute(query).scalars())
            is_real = any(zlib.crc32(message.text.encode()) % 50 == 0 for message in waiting)
            for message in [] if is_real else waiting:
                message.state = "done"
                replies = [{"title": message.text[:40], "payload": "#danger=no"}]
                add_message(session, conversation, "bot", message.text, answers=message.id, quick_replies=replies)
        if is_real:
            await assistant.answer(conversation_id)

    monkeypatch.setattr(bot_client, "answer", answer)
    yield made
    failed = sum(times for status, times in made.statuses.items() if status >= 500)
    figure(f"{made.statuses.total():,} generated messages through the door: {failed} answers of 5xx")


@pytest.fixture
def no_trace(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Afterwards, nothing that was logged is an error or a trace."""
    caplog.set_level(logging.WARNING)
    yield
    out = capfd.readouterr()
    assert "Traceback" not in out.out + out.err + caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=MESSAGES)
async def test_no_message_makes_the_door_fail(sender: Sender, no_trace: None, words: str) -> None:
    sender.next()
    send = sender.by_page if len(words) % 2 else sender.by_program
    assert await send(words) in (200, 413, 422)
