"""An installation of a test's own, on each kind of database that this machine has, with a key file of its own."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config

from bot import database, settings
from bot.security import keys
from bot.setup import migrate, migrations
from tests import databases, postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'firstline.db'}"
    if not postgres.available():
        pytest.skip("PostgreSQL is not installed here")
    return databases.server().url(databases.server().new_database())


@pytest.fixture
def config(url: str) -> Config:
    return migrations(url)


@pytest.fixture
def own_database(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with all tables; gives the folder in which its file `key` is."""
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", url)
    monkeypatch.setenv("FIRSTLINE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("FIRSTLINE_AUDIT_HEADS", str(tmp_path / "audit"))
    settings.settings.cache_clear()
    database._sessions.cache_clear()
    migrate()
    yield tmp_path
    database.engine().dispose()
    database._sessions.cache_clear()
    monkeypatch.undo()
    settings.settings.cache_clear()
    keys.open_keys.clear()


@pytest.fixture
def installed(own_database: Path) -> Path:
    """Give the folder of the heads of such an installation."""
    return settings.settings().audit_heads
