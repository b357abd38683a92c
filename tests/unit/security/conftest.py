"""A fresh database with a key file of its own."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import database
from bot.security import keys
from bot.settings import settings
from bot.setup import migrate


@pytest.fixture
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder in which `own.db` and `key` are."""
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", f"sqlite:////{tmp_path}/own.db")
    monkeypatch.setenv("FIRSTLINE_KEY_FILE", str(tmp_path / "key"))
    settings.cache_clear()
    database._sessions.cache_clear()
    migrate()
    yield tmp_path
    database.engine().dispose()
    database._sessions.cache_clear()
    settings.cache_clear()
    keys.open_keys.clear()
