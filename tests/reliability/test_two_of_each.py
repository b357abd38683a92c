"""Two bot, two web and two jobs processes on one PostgreSQL database, one of each killed under load: nothing lost."""
from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.tables import Conversation, Message
from bot.database import make_engine
from bot.referrals.tables import Report
from bot.retries import LEASE
from bot.settings import settings
from tests.databases import needs_postgresql
from tests.reliability.talk import STORY
from tests.system import System, firstline, free_port

pytestmark = needs_postgresql

TALKS = 6
ROUNDS = 4
MESSAGES = TALKS * (1 + 2 * ROUNDS)
START_SECONDS = 150
PATIENCE_SECONDS = 90
"""How long a client tries to have one message taken."""


class Channel:
    """A program's own address: what it was sent, by conversation."""

    def __init__(self) -> None:
        channel = self
        self.got: dict[str, dict[str, int]] = defaultdict(dict)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                # The same delivery may come twice where its sender was killed; it then has the same id.
                channel.got[body["conversation"]].setdefault(body["delivery"], body["message"]["seq"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/in"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Pairs:
    """The processes, the pages' addresses, and what was taken so far."""

    def __init__(self, folder: Path, channel: Channel) -> None:
        self.system = System(folder)
        self.ports = [self.system.port, free_port()]
        self.system.env["FIRSTLINE_BOT_SOCKET"] = f"{folder / 'bot-1.sock'},{folder / 'bot-2.sock'}"
        self.system.prepare()
        self.token = self._command("token", "add", "line", "channel")
        self._command("webhook", "line", channel.address)
        self.taken = 0
        self.plan = [(MESSAGES // 4, "bot-1"), (MESSAGES // 2, "web-2"), (3 * MESSAGES // 4, "jobs-1")]

    def _command(self, *arguments: str) -> str:
        process = firstline(*arguments, env=self.system.env, log=subprocess.PIPE)
        words, _ = process.communicate(timeout=60)
        assert process.returncode == 0, words
        return words.split()[-1]

    def start(self) -> None:
        for number in (1, 2):
            self.system.run(f"bot-{number}", "serve", "bot", "--number", str(number))
            self.system.run(f"web-{number}", "serve", "web", FIRSTLINE_PORT=str(self.ports[number - 1]))
            self.system.run(f"jobs-{number}", "serve", "jobs")
        until = time.monotonic() + START_SECONDS
        while not self._all_up():
            ended = [name for name, process in self.system.processes.items() if process.poll() is not None]
            assert time.monotonic() < until and not ended, (ended, self.logs())
            time.sleep(0.3)

    def _all_up(self) -> bool:
        try:
            for number in (1, 2):
                transport = httpx.HTTPTransport(uds=str(self.system.folder / f"bot-{number}.sock"))
                with httpx.Client(transport=transport, base_url="http://bot", timeout=5) as client:
                    client.post("/health").raise_for_status()
            return all(httpx.get(f"http://127.0.0.1:{p}/health", timeout=5).status_code == 200 for p in self.ports)
        except httpx.HTTPError:
            return False

    def logs(self) -> dict[str, str]:
        return {path.name: path.read_text("utf-8", "replace")[-1500:] for path in self.system.folder.glob("*.log")}

    async def send(self, http: httpx.AsyncClient, name: str, words: str, port: int) -> None:
        """Send one message as a careful client does: to the other address where one does not take it, under one id."""
        body = {"conversation": name, "message": words, "id": uuid.uuid4().hex}
        headers = {"authorization": f"Bearer {self.token}"}
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                answer = await http.post(f"http://127.0.0.1:{port}/api/v1/messages", json=body, headers=headers)
                if answer.status_code == 200:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            port = self.ports[1 - self.ports.index(port)]
        else:
            raise AssertionError(f"not taken: {words}; {self.logs()}")
        self.taken += 1
        if self.plan and self.taken >= self.plan[0][0]:
            self.system.kill(self.plan.pop(0)[1])

    async def talk(self, http: httpx.AsyncClient, number: int) -> None:
        """Tell a story, then say two things at once, one to each address, again and again."""
        name = f"talk-{number}"
        await self.send(http, name, STORY, self.ports[number % 2])
        for turn in range(ROUNDS):
            await asyncio.gather(*(
                self.send(http, name, f"The man wears a coat with number {number}{turn}{place}.", port)
                for place, port in enumerate(self.ports)
            ))


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = Channel()
    yield made
    made.close()


@pytest.fixture
def pairs(tmp_path: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pairs]:
    made = Pairs(tmp_path, channel)
    # What these processes seal, this one reads at the end.
    monkeypatch.setenv("FIRSTLINE_KEY_FILE", made.system.env["FIRSTLINE_KEY_FILE"])
    settings.cache_clear()
    try:
        made.start()
        yield made
    finally:
        made.system.stop()
        monkeypatch.undo()
        settings.cache_clear()


async def test_one_of_each_is_killed_under_load_and_nothing_is_lost(
    pairs: Pairs, channel: Channel, figure: Callable[[str], None]
) -> None:
    async with httpx.AsyncClient(timeout=40, trust_env=False) as http:
        await asyncio.gather(*(pairs.talk(http, number) for number in range(TALKS)))
    assert not pairs.plan and pairs.taken == MESSAGES
    engine = make_engine(pairs.system.env["FIRSTLINE_DATABASE_URL"])
    # What a killed sender had for itself is sent by the other one when its time is over.
    until = time.monotonic() + LEASE.total_seconds() + PATIENCE_SECONDS
    while not _all_is_through(engine, channel):
        assert time.monotonic() < until, pairs.logs()
        await asyncio.sleep(0.5)
    with Session(engine, future=True) as session:
        for conversation in session.execute(select(Conversation)).scalars():
            _check(session, conversation)
            assert list(channel.got[conversation.name].values()) == _told(session, conversation)
    engine.dispose()
    figure(f"two bot, two web and two jobs processes on PostgreSQL, one of each killed under load: {MESSAGES} messages "
           f"in {TALKS} conversations, {sum(map(len, channel.got.values()))} deliveries, 0 lost, 0 doubled, 0 stuck")


def _all_is_through(engine: Any, channel: Channel) -> bool:
    """Tell whether nothing waits for the bot any more, and the channel has all that was said."""
    with Session(engine, future=True) as session:
        waiting = session.execute(select(Message.id).where(Message.state == "waiting")).first()
        every = session.execute(select(Conversation)).scalars().all()
        return waiting is None and all(len(_told(session, c)) == len(channel.got[c.name]) for c in every)


def _told(session: Session, conversation: Conversation) -> list[int]:
    query = select(Message.seq).where(Message.conversation_id == conversation.id, Message.author != "responder")
    return list(session.execute(query.order_by(Message.seq)).scalars())


def _check(session: Session, conversation: Conversation) -> None:
    """Hold one conversation against what its client sent."""
    query = select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq)
    rows = list(session.execute(query).scalars())
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    asked = [row for row in rows if row.author == "responder"]
    assert len(asked) == len({row.text for row in asked}) == 1 + 2 * ROUNDS
    assert {row.state for row in asked} == {"done"}
    answered = [row.answers for row in rows if row.author == "bot"]
    # Each message once and in order: the answers of one stand together, and no message has two such groups.
    groups = [answer for place, answer in enumerate(answered) if place == 0 or answered[place - 1] != answer]
    assert groups == [row.id for row in asked]
    for row in asked:
        texts = [one.text for one in rows if one.author == "bot" and one.answers == row.id]
        assert len(texts) == len(set(texts))
    # No turn wrote over another one: every message stands in the report.
    account = "\n".join(session.get(Report, conversation.report_id).data["account"])
    assert [row.text for row in asked if row.text not in account] == []
