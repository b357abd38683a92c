"""Wakes live pages: one look at the table of changes, or one ear for them, serves every open page of this process."""
from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from psycopg2 import Error as ConnectionLost
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.tables import CHANGES, Change
from bot.database import engine, reading, shared

SECONDS = 0.4
"""How often the table is looked at while a page is open; well under the two seconds promised to the duty officer."""
DEAF_SECONDS = 2.0
"""How often the pages look for themselves while PostgreSQL cannot be listened to."""


class Live:
    """Lets pages wait for changes of a topic.

    Every page queries its own data when woken, from the last number that it has; so nothing is missed after sleep or a
    lost line, and the table of changes need not be kept for long. SQLite's table is looked at. PostgreSQL says by
    itself what changed; looking would miss things there, as numbers do not come in the order of what ends first.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._last = 0

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[asyncio.Event]:
        """Watch a topic for as long as a page is open.

        Clear the event, query, show, wait for the event, and again: a change at any moment in between wakes the page.

        Args:
            topic: `desk` or a conversation's id.

        Yields:
            An event that is set at each change.
        """
        if self._task is None or self._task.done():
            if shared():
                self._task = asyncio.create_task(self._listen(await asyncio.to_thread(_ear)))
            else:
                self._last = await asyncio.to_thread(self._newest)
                self._task = asyncio.create_task(self._watch())
        event = asyncio.Event()
        self._waiting[topic].add(event)
        try:
            yield event
        finally:
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for event in self._waiting.get(topic, ()):
                event.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(SECONDS)
            if not self._waiting:
                continue
            try:
                self._wake(await asyncio.to_thread(self._new_topics))
            except SQLAlchemyError:
                # The database is away for a moment; the pages stay open and ask again.
                continue

    @staticmethod
    def _newest() -> int:
        with reading() as session:
            return session.execute(select(func.max(Change.id))).scalar() or 0

    def _new_topics(self) -> set[str]:
        with reading() as session:
            rows = session.execute(select(Change.id, Change.topic).where(Change.id > self._last)).all()
        if rows:
            self._last = max(row.id for row in rows)
        return {row.topic for row in rows}

    async def _listen(self, connection: Any) -> None:
        while True:
            try:
                await self._hear(connection)
            except ConnectionLost:
                connection = await self._reconnected()

    async def _reconnected(self) -> Any:
        """Give a new connection; what changes meanwhile is not heard, so every page looks for itself."""
        while True:
            try:
                connection = await asyncio.to_thread(_ear)
            except SQLAlchemyError:
                self._wake(list(self._waiting))
                await asyncio.sleep(DEAF_SECONDS)
            else:
                self._wake(list(self._waiting))
                return connection

    async def _hear(self, connection: Any) -> None:
        """Wake pages until the connection is lost."""
        loop, said = asyncio.get_running_loop(), asyncio.Event()
        socket = connection.fileno()
        loop.add_reader(socket, said.set)
        try:
            while True:
                await said.wait()
                said.clear()
                connection.poll()
                self._wake({note.payload for note in connection.notifies})
                connection.notifies.clear()
        finally:
            loop.remove_reader(socket)
            connection.close()


def _ear() -> Any:
    """Open a connection of psycopg2 that hears of changes."""
    pooled = engine().raw_connection()
    connection = pooled.dbapi_connection
    pooled.detach()
    connection.autocommit = True
    connection.cursor().execute(f"LISTEN {CHANGES}")
    return connection
