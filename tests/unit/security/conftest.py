"""An installation of a test's own, on each kind of database that this machine has."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from bot import database, settings
from bot.setup import migrations
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
def installed(url: str, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with all tables; gives the folder of the heads."""
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", url)
    # Without a file to lie beside, the heads would lie in the project's own folder.
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    settings.settings.cache_clear()
    database._sessions.cache_clear()
    command.upgrade(config, "head")
    yield settings.settings().audit_heads
    database.engine().dispose()
    database._sessions.cache_clear()
    monkeypatch.undo()
    settings.settings.cache_clear()
