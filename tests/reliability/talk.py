"""A responder's chat over the wire, what the database holds of it, and somebody who locks the database."""
from __future__ import annotations

import uuid

from sqlalchemy import select, text

from bot.conversations.tables import Conversation, Message
from bot.database import Base, make_engine, reading
from bot.door import gateway
from bot.referrals.tables import Case, Report
from bot.settings import settings
from tests.planted import NAMED

STORY = ("Girl about 14 at the bus station, says she is Moldovan, older man holds her passport and answers for her. "
         f"{NAMED}")


class Talk:
    """One conversation of one device, and what the database holds of it."""

    def __init__(self) -> None:
        self.owner = f"web:{uuid.uuid4()}"
        self.taps: set[str] = set()
        self.state = "bot"
        self.name = "chat"

    async def say(self, words: str, own_id: str | None = None) -> str:
        """Send a message; give what it was answered with, as one text."""
        answer = await gateway.post(self.owner, self.name, "web", words, own_id)
        self.taps = {r["payload"] for m in answer.messages for r in m["quick_replies"]}
        self.state = answer.state
        return "\n".join(m["text"] for m in answer.messages)

    async def to_summary(self) -> None:
        """Tell the story and answer whatever is asked until the summary."""
        await self.say(STORY)
        for _ in range(30):
            if "#send" in self.taps:
                return
            offered = sorted(tap for tap in self.taps if "=" in tap)
            await self.say("#danger=no" if "#danger=no" in offered else next(t for t in offered if "unknown" in t))
        raise AssertionError("no summary after 30 answers")

    def conversation(self) -> Conversation:
        """The row of the conversation."""
        with reading() as session:
            return session.execute(select(Conversation).filter_by(owner=self.owner)).scalar_one()

    def rows(self) -> list[Message]:
        """All messages, in order; none where the conversation was never stored."""
        with reading() as session:
            query = select(Message).join(Conversation).where(Conversation.owner == self.owner)
            return list(session.execute(query.order_by(Message.seq)).scalars())

    def own(self) -> list[tuple[str, str]]:
        """What the responder wrote, with its state."""
        return [(m.payload or m.text, m.state) for m in self.rows() if m.author == "responder"]

    def answers(self, words: str, author: str = "bot") -> list[Message]:
        """The messages that answer one of the responder's."""
        asked = next(m.id for m in self.rows() if m.author == "responder" and words in (m.text, m.payload))
        return [m for m in self.rows() if m.answers == asked and m.author == author]

    def report(self) -> Report:
        """The report that the conversation is about."""
        with reading() as session:
            return session.get(Report, self.conversation().report_id)

    def case(self) -> Case:
        """What the desk has of it."""
        with reading() as session:
            return session.execute(select(Case).filter_by(conversation_id=self.conversation().id)).scalar_one()

    def said_stored(self) -> list[str]:
        """Every message that says that something was sent."""
        return [m.text for m in self.rows() if "Stored, reference" in m.text]


def only_failure(text: str) -> bool:
    """Tell whether a text names the duty number and the emergency number, and claims nothing."""
    numbers = gateway.numbers()
    return numbers["duty_phone"] in text and numbers["emergency"] in text and "Stored, reference" not in text


class Lock:
    """Another connection that lets nobody write."""

    def __init__(self) -> None:
        self._engine = make_engine(settings().database_url)
        self._connection = self._engine.connect().execution_options(write=True)

    def take(self) -> None:
        """Begin to write and never end."""
        if self._engine.dialect.name == "postgresql":
            tables = ", ".join(Base.metadata.tables)
            self._connection.execute(text(f"LOCK TABLE {tables} IN EXCLUSIVE MODE"))
        else:
            self._connection.execute(text("SELECT 1"))

    def release(self) -> None:
        """Give the lock back."""
        self._connection.rollback()

    def close(self) -> None:
        """Give the lock back and leave."""
        self._connection.close()
        self._engine.dispose()
