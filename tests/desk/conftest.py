"""What the desk's tests share: a database for the services, and the served desk."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk_world import Desk, Store, desk_app, served


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.at(tmp_path / "desk.db")


@pytest.fixture(scope="session")
def desk(database: None) -> Iterator[Desk]:
    with served(desk_app()) as site:
        yield site
