"""A fresh database for each test of the door."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import database
from bot.settings import settings
from tests.databases import new_url_with_tables


@pytest.fixture
def fresh_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIRSTLINE_SECRET", "only for tests, longer than 32 characters")
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", new_url_with_tables(tmp_path / "door.db"))
    settings.cache_clear()
    database._sessions.cache_clear()
    yield
    database.engine().dispose()
    database._sessions.cache_clear()
    settings.cache_clear()
