"""The bot process killed again and again in the middle of turns and submits, while phones repeat what got no answer.

`FIRSTLINE_CRASH_KILLS` says how often (60; `make soak-crash` 1,000), `FIRSTLINE_CRASH_SEED` repeats a run.
"""
from __future__ import annotations

import asyncio
import os
import random
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import httpx
import pytest
from sqlalchemy import select

from bot.conversations.tables import Message
from bot.database import reading
from bot.door import bot_client, gateway
from bot.referrals.tables import Case, Receipt, Report
from bot.security import audit
from bot.settings import settings
from tests.reliability.crashes import KILLED, Nursery, own_database
from tests.reliability.talk import STORY, Talk

TURN = ("turn.loaded", "turn.thought", "submit.before_commit", "turn.before_commit", "turn.committed")
KILLS = int(os.environ.get("FIRSTLINE_CRASH_KILLS", "60"))
PHONES = 4
STORED = re.compile(r"Stored, reference ([0-9A-Z-]+[0-9A-Z])")
LATER = ("status", "why?", "the van is white", "#more", "who reads this?")


@pytest.fixture
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("killed")
    with own_database(folder):
        started = Nursery("bot", folder / "nursery.log")
        yield started
        started.stop()


@dataclass
class Phone(Talk):
    """A responder whose app sends a message again, under the same id, until it is answered."""

    chance: random.Random = field(default_factory=random.Random)
    said: dict[str, str] = field(default_factory=dict)
    """Ids of all messages that the door took, with what was read in answer."""

    def __post_init__(self) -> None:
        super().__init__()

    async def insist(self, words: str) -> None:
        own_id = f"m-{len(self.said)}"
        for _ in range(400):
            self.said[own_id] = await self.say(words, own_id)
            if self.row(own_id).state != "waiting":
                return
            # The app waits a moment before it tries again; here only as long as a child takes to be born.
            await asyncio.sleep(0.05)
        raise AssertionError(f"stuck for ever: {words}")

    def row(self, own_id: str) -> Message:
        return next(m for m in self.rows() if m.external_id == own_id)

    async def refer(self) -> None:
        """Tell a story, answer all that is asked, send, ask a little more, and begin the next report."""
        await self.insist(STORY)
        for _ in range(40):
            if "#send" in self.taps:
                break
            offered = sorted(tap for tap in self.taps if "=" in tap)
            unknown = next((t for t in offered if "unknown" in t), None)
            await self.insist("#danger=no" if "#danger=no" in offered else unknown or self.chance.choice(LATER))
        await self.insist("#send")
        for words in self.chance.sample(LATER, 2):
            await self.insist(words)
        await self.insist("#new")


def lives(chance: random.Random) -> list[str]:
    """Choose where each life ends: every point equally often, in the first to third turn that comes there."""
    points = [TURN[n % len(TURN)] for n in range(KILLS)]
    chance.shuffle(points)
    return [f"{point}:{1 if point.startswith('submit') else chance.randint(1, 3)}" for point in points]


async def test_nothing_is_lost_doubled_or_stuck(nursery: Nursery, figure: Callable[[str], None],
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    seed = os.environ.get("FIRSTLINE_CRASH_SEED") or secrets.token_hex(4)
    # Pytest shows it where the test fails.
    print(f"seed {seed}")
    chance = random.Random(seed)
    for point in [*lives(chance), ""]:
        nursery.begin("serve_bot", point=point)
    monkeypatch.setattr(gateway, "PER_MINUTE", 10**6)
    transport = httpx.AsyncHTTPTransport(uds=str(settings().bot_sockets[0]))
    phones = [Phone(chance=random.Random(f"{seed}-{n}")) for n in range(PHONES)]
    ends: list[int] = []

    async def talk(phone: Phone) -> None:
        for _ in count():
            await phone.refer()
            ends.extend(nursery.ended())
            if len(ends) >= KILLS:
                return

    async with httpx.AsyncClient(transport=transport, base_url="http://bot", timeout=20) as client:
        monkeypatch.setattr(bot_client, "_clients", lambda: (client,))
        await asyncio.gather(*(talk(phone) for phone in phones))
        for phone in phones:
            await phone.insist("status")
    messages = sum(len(phone.said) for phone in phones)
    sent = sum(_whole(phone) for phone in phones)
    assert Counter(ends) == {KILLED: KILLS}
    assert sent >= KILLS // len(TURN)
    figure(f"{KILLS} kills of the bot process, seed {seed}: {messages} messages, {sent} referrals, "
           "0 lost, 0 doubled, 0 stuck")


def _whole(phone: Phone) -> int:
    """Compare what one responder said and read with what the database holds.

    Returns:
        How many referrals were sent.
    """
    rows = phone.rows()
    own = [m for m in rows if m.author == "responder"]
    # None lost, none twice, none stuck, none given up, in the order of writing.
    assert [(m.external_id, m.state) for m in own] == [(own_id, "done") for own_id in phone.said]
    assert [m.seq for m in rows] == list(range(1, len(rows) + 1))
    for message in own:
        answers = [m for m in rows if m.answers == message.id and m.author == "bot"]
        # One turn stores its replies one behind the other; a second turn for the same message would repeat them.
        places = [m.seq for m in answers]
        assert answers and places == list(range(places[0], places[0] + len(places))), message.text
        assert len({m.text for m in answers}) == len(answers), message.text
        assert all(m.text in phone.said[message.external_id] for m in answers)
    said = STORED.findall("\n".join(m.text for m in rows if m.author == "bot" and m.text.startswith("Stored,")))
    with reading() as session:
        reports = select(Report).filter_by(conversation_id=phone.conversation().id)
        stored = {r.reference: r.id for r in session.execute(reports).scalars() if r.reference}
        assert sorted(said) == sorted(stored)
        for report in stored.values():
            assert [c.kind for c in session.execute(select(Case).filter_by(report_id=report)).scalars()] == ["referral"]
            assert session.execute(select(Receipt.id).filter_by(report_id=report)).first()
            entries = [(e.actor, e.action) for e in audit.trail(session, [report])]
            assert entries == [(phone.owner, "referral.sent")]
    return len(stored)
