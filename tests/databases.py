"""Where the tests keep their data: SQLite files, or a PostgreSQL server started for them.

`FIRSTLINE_TEST_DATABASE=postgresql` chooses the latter, as `make test-postgres` does.
"""
from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import pytest

import bot.conversations.tables
import bot.notices.tables
import bot.referrals.tables
import bot.security.invitation_tables
import bot.security.tables  # noqa: F401 (the tables must be known before they are made)
from bot.database import Base, make_engine
from bot.security.keys import SEARCH, writing_key
from tests.postgres import Server, running

ON_POSTGRESQL = os.environ.get("FIRSTLINE_TEST_DATABASE", "sqlite") == "postgresql"

needs_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="needs PostgreSQL: make test-postgres")


@lru_cache(maxsize=1)
def server() -> Server:
    """Start the server of this run; it stops with the run."""
    stack = ExitStack()
    started = stack.enter_context(running())
    atexit.register(stack.close)
    return started


def new_url(path: Path) -> str:
    """Give the address of a new, empty database.

    Args:
        path: its file on SQLite.
    """
    return server().url(server().new_database()) if ON_POSTGRESQL else f"sqlite:///{path}"


def new_url_with_tables(path: Path) -> str:
    """Do the same, with all tables in it."""
    if ON_POSTGRESQL:
        return server().url(server().new_database(_template()))
    url = new_url(path)
    _make_tables(url)
    return url


@lru_cache(maxsize=1)
def _template() -> str:
    name = server().new_database()
    _make_tables(server().url(name))
    return name


def _make_tables(url: str) -> None:
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    with engine.connect().execution_options(write=True) as connection:
        # As the migrations do: where names are looked for, nothing may have been written yet.
        writing_key(connection, SEARCH)
        connection.commit()
    engine.dispose()
