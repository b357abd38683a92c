"""One database and one assistant for all tests; every test talks in conversations of its own."""
from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as generated

from bot.security.logs import configure
from tests.databases import new_url

# How long an example takes is the machine's business; speed is measured by `make bench`.
generated.register_profile("firstline", deadline=None)
generated.load_profile("firstline")

_FOLDER = Path(tempfile.mkdtemp(prefix="firstline-tests-"))
os.environ.update(
    FIRSTLINE_DATABASE_URL=new_url(_FOLDER / "tests.db"),
    FIRSTLINE_SECRET="only-for-tests-" + uuid.uuid4().hex * 2,
    FIRSTLINE_KEY_FILE=str(_FOLDER / "key"),
    FIRSTLINE_BOT_SOCKET=str(_FOLDER / "bot.sock"),
    FIRSTLINE_PORT="0",
    RASA_TELEMETRY_ENABLED="false",
    TF_CPP_MIN_LOG_LEVEL="3",
)


# What a process may log is what a test may see.
configure("INFO")


@pytest.fixture(scope="session", autouse=True)
def key_file() -> None:
    """Make the tests' key-encryption key; each test's own database is sealed under it."""
    from bot.security.key_file import make_keys

    make_keys(_FOLDER / "key")


@pytest.fixture(scope="session")
def database() -> Iterator[None]:
    """Bring the tests' database up to date by the project's own migrations."""
    from bot.setup import migrate

    migrate()
    yield


@pytest.fixture(scope="session")
async def assistant(database: None) -> AsyncIterator[object]:
    """Load the trained model once, with the real forms, actions and database."""
    from bot.assistant import Assistant
    from bot.settings import settings
    from bot.training import trusted_model

    yield await Assistant.load(trusted_model(settings().models))
