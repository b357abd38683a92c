"""What the desk's tests share: a database for the services, and the served desk."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from bot.security import passwords
from tests.desk_world import Desk, Store, desk_app, served


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes of the same kind, without the seconds that they cost on purpose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.at(tmp_path / "desk.db")
    yield made
    made.close()


@pytest.fixture(scope="session")
def desk(database: None) -> Iterator[Desk]:
    with served(desk_app()) as site:
        yield site
