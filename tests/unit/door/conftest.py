"""A fresh database for each test of the door."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import bot.conversations.tables
import bot.referrals.tables
import bot.security.tables  # noqa: F401 (the tables must be known before they are made)
from bot import database
from bot.settings import settings


@pytest.fixture
def fresh_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIRSTLINE_SECRET", "only for tests, longer than 32 characters")
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", f"sqlite:////{tmp_path}/door.db")
    settings.cache_clear()
    database._sessions.cache_clear()
    database.Base.metadata.create_all(database.engine())
    yield
    database.engine().dispose()
    database._sessions.cache_clear()
    settings.cache_clear()
