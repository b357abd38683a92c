"""A responder's chat in process: real door, forms, actions and database, without sockets."""
from __future__ import annotations

import uuid
from typing import Any

import pytest

from bot.conversations.messages import called
from bot.conversations.tables import Conversation
from bot.database import reading
from bot.door import bot_client, gateway
from bot.referrals.reports import record_of
from bot.referrals.tables import Case, Report


class Chat:
    """One conversation as a responder has it.

    Args:
        owner: the sender; another one is another device.
    """

    def __init__(self, owner: str | None = None, name: str = "chat") -> None:
        self.owner = owner or f"test:{uuid.uuid4()}"
        self.name = name
        self.answers: list[dict[str, Any]] = []
        self.sent = 0
        self.state = "bot"
        self.reference: str | None = None

    async def say(self, *lines: str) -> str:
        """Say one line or several; give what the last one was answered with, as one text."""
        for line in lines:
            answer = await gateway.post(self.owner, self.name, "web", line, None)
            self.sent += 1
            self.answers, self.state, self.reference = answer.messages, answer.state, answer.reference
        return self.text

    @property
    def text(self) -> str:
        """What the last message was answered with."""
        return "\n".join(m["text"] for m in self.answers)

    @property
    def taps(self) -> dict[str, str]:
        """Payload and title of every tap reply of the last answer."""
        return {r["payload"]: r["title"] for m in self.answers for r in m["quick_replies"]}

    @property
    def question(self) -> str | None:
        """The question that is open: what stands before "=" in its tap replies."""
        open_taps = [p for p in self.taps if "=" in p and not p.startswith("#taken")]
        return open_taps[-1].removeprefix("#").split("=")[0] if open_taps else None

    @property
    def at_summary(self) -> bool:
        """Whether the last word is asked for."""
        return "#send" in self.taps

    def record(self) -> dict[str, Any]:
        """The record as the API gives it."""
        with reading() as session:
            conversation = session.query(Conversation).filter_by(**called(session, self.owner, self.name)).one()
            return record_of(session, session.get(Report, conversation.report_id))

    def cases(self) -> list[Case]:
        """What the desk sees of this conversation, oldest first."""
        with reading() as session:
            conversation = session.query(Conversation).filter_by(**called(session, self.owner, self.name)).one()
            return session.query(Case).filter_by(conversation_id=conversation.id).order_by(Case.opened_at).all()

    def value(self, field: str) -> Any:
        """A value of the report, of its first person where it is a person's."""
        record = self.record()
        values = {**record["values"], **(record["persons"][0]["values"] if record["persons"] else {})}
        return values[field]["value"] if field in values else None

    async def to_summary(self, **answers: str) -> str:
        """Answer whatever is asked until the summary: by `answers`, else "unknown"."""
        for _ in range(40):
            if self.at_summary:
                return self.text
            assert self.question, f"neither a question nor a summary: {self.text}"
            key = answers.get(self.question, "unknown")
            await self.say(f"#{self.question}={key}" if f"#{self.question}={key}" in self.taps else key)
        raise AssertionError(f"no summary after 40 answers; last: {self.text}")


    async def to_summary_until(self, question: str) -> None:
        """Leave every question open until a certain one is asked."""
        for _ in range(40):
            if self.question == question:
                return
            assert self.question, f"{question} was never asked: {self.text}"
            await self.say("#danger=no" if self.question == "danger" else f"#{self.question}=unknown")
        raise AssertionError(f"{question} was never asked")


@pytest.fixture
def chat(assistant: Any, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """Give a new chat; the door reaches the assistant in this process."""
    monkeypatch.setattr(bot_client, "answer", assistant.answer)
    monkeypatch.setattr(bot_client, "give_back", assistant.give_back)
    return Chat()


@pytest.fixture
def another_chat(chat: Chat) -> Chat:
    """Give a chat on another device."""
    return Chat()
