"""What the desk's tests share: a database for the services, and the served desk."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, update

from bot.database import now, writing
from bot.referrals.tables import Case
from bot.security import accounts, attempts, audit, browsers, enrolment, passwords, second_factor, sessions
from bot.security.tables import SignInCount
from tests.desk_world import Desk, Store, desk_app, served


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes of the same kind, without the seconds that they cost on purpose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture
def leaves_no_case_waiting(database: None) -> Iterator[None]:
    """Close the cases of a test, so that the next one's queue has its own alone."""
    began = now()
    yield
    with writing() as session:
        session.execute(update(Case).where(Case.opened_at >= began).values(state="closed", closed_at=began))


@dataclass
class Clock:
    """The clock of sign-in and sessions; it moves only when a test moves it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)

    @property
    def step(self) -> int:
        """Steps of 30 seconds since 1970."""
        return int(self.at.timestamp()) // 30


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Clock]:
    stopped = Clock(now())
    for module in (accounts, attempts, audit, browsers, enrolment, second_factor, sessions):
        monkeypatch.setattr(module, "now", stopped)
    yield stopped
    if "database" in request.fixturenames:
        # Counts that were raised in the future would make others wait whose name falls into the same slot.
        with writing() as session:
            session.execute(delete(SignInCount))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.at(tmp_path / "desk.db")
    yield made
    made.close()


@pytest.fixture(scope="session")
def desk(database: None) -> Iterator[Desk]:
    with served(desk_app()) as site:
        yield site
