"""What only one may do at a time: answering one conversation, and a round of the jobs.

Within a process an asyncio lock is enough. Several processes on PostgreSQL also take an advisory lock; that of a
conversation has a connection of its own, so it ends with the process, however that ends. It keeps two from doing the
same work; should it be lost with its connection, the state of the message and the version of the report still let only
one store a turn.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from bot.database import lock_engine, shared

AT_ONCE = 16
"""Conversations that one process works on at the same time; each needs a connection and, for a moment, a thread."""
PATIENCE_SECONDS = 15
"""How long to wait for another process that answers the conversation; less than the door waits."""

_TAKE = text("SELECT pg_advisory_lock(hashtextextended(:name, 0))")
_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


class ConversationLocks:
    """Lets one turn at a time run in each conversation, over all processes of a shared database."""

    def __init__(self) -> None:
        # The local lock comes first: of many waiting messages of one sender only one waits for the database, so that
        # nobody else's turn finds all threads taken.
        self._local: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(AT_ONCE)
        # As many threads as places, and their own: who gives a lock back always finds one free.
        self._threads = ThreadPoolExecutor(AT_ONCE, "conversation-lock")
        self._engine = lock_engine(PATIENCE_SECONDS) if shared() else None

    @asynccontextmanager
    async def held(self, conversation_id: str) -> AsyncIterator[None]:
        """Hold a conversation while it is answered.

        Args:
            conversation_id: the conversation.

        Raises:
            SQLAlchemyError: the database is away, or another process kept the conversation too long.
        """
        lock = self._local.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            if self._engine is None:
                yield
                return
            loop = asyncio.get_running_loop()
            async with self._places:
                connection = await loop.run_in_executor(self._threads, _take, self._engine, conversation_id)
                try:
                    yield
                finally:
                    # The lock ends with its connection, also with one that was lost meanwhile.
                    await loop.run_in_executor(self._threads, connection.close)


def _take(own: Engine, name: str) -> Connection:
    connection = own.connect()
    try:
        connection.execute(_TAKE, {"name": name})
    except BaseException:
        connection.close()
        raise
    return connection


def alone(session: Session, name: str) -> bool:
    """Try to be the only process that does something, until the transaction ends.

    Args:
        session: a writing transaction.
        name: what is done.

    Returns:
        Whether this process may do it; False while another one is at it.
    """
    return not shared() or bool(session.execute(_TRY, {"name": name}).scalar_one())
