"""One database and one assistant for all tests; every test talks in conversations of its own."""
from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as generated
from sqlalchemy import event

from bot.conversations.tables import Message
from bot.security.logs import configure
from tests import planted
from tests.databases import ON_POSTGRESQL, new_url, server

# How long an example takes is the machine's business; speed is measured by `make bench`.
generated.register_profile("firstline", deadline=None)
generated.load_profile("firstline")

_FOLDER = Path(tempfile.mkdtemp(prefix="firstline-tests-"))
os.environ.update(
    FIRSTLINE_DATABASE_URL=new_url(_FOLDER / "tests.db"),
    FIRSTLINE_SECRET="only-for-tests-" + uuid.uuid4().hex * 2,
    FIRSTLINE_KEY_FILE=str(_FOLDER / "key"),
    FIRSTLINE_AUDIT_HEADS=str(_FOLDER / "audit"),
    FIRSTLINE_BOT_SOCKET=str(_FOLDER / "bot.sock"),
    FIRSTLINE_PORT="0",
    RASA_TELEMETRY_ENABLED="false",
    TF_CPP_MIN_LOG_LEVEL="3",
)


# What a process may log is what a test may see.
configure("INFO")

_WHOLE = 60
"""Test modules from which on a run counts as that of the whole suite."""
_LEAST_FILES = 150
"""Files that the whole suite leaves at least: a search that finds nothing to search is a defect."""
_LEAST_MAILS = 20
"""The same of mails."""
_figures = pytest.StashKey[list[str]]()
_wrong = pytest.StashKey[str]()
_of_tests = pytest.StashKey[Path]()
_stored_at_all: set[str] = set()
_outputs: list[int] = []
"""How many outputs each test left."""


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the figures."""
    config.stash[_figures] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what a test and the processes in it printed and logged, for the search at the end."""
    # The report of the teardown has the outputs of setup and call too.
    if report.when == "teardown" and report.sections:
        with (_FOLDER / "output.log").open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{text}\n" for _, text in report.sections)
        _outputs.append(len(report.sections))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look for the planted words in everything that the run leaves behind; one that is found fails it."""
    if _of_tests not in session.config.stash:
        return
    whole = len({item.path for item in session.items}) >= _WHOLE
    folders = [_FOLDER, session.config.stash[_of_tests], *([server().folder] if ON_POSTGRESQL else ())]
    found = planted.search(folders)
    wrong = found.wrong(_LEAST_FILES, _LEAST_MAILS) if whole else found.wrong(1, 0)
    if whole and not wrong and not _stored_at_all:
        wrong = "no planted word was stored at all, so its absence says nothing"
    session.config.stash[_figures].append(found.said(sum(_outputs)))
    session.config.stash[_wrong] = wrong or ""
    if wrong:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@event.listens_for(Message, "after_insert")
def _note_planted_words(_: object, __: object, message: Message) -> None:
    """Note that a planted word was stored: tests of erasure may have taken every one away again by the end."""
    _stored_at_all.update({planted.CHILD} if planted.CHILD in message.text else ())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures of this run, and the planted words that were found."""
    terminalreporter.ensure_newline()
    for line in config.stash[_figures]:
        terminalreporter.line(line)
    if config.stash.get(_wrong, ""):
        terminalreporter.section("planted words")
        terminalreporter.line(config.stash[_wrong], red=True)


@pytest.fixture(scope="session", autouse=True)
def folders_of_tests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Note where the tests keep what they make."""
    request.config.stash[_of_tests] = tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session")
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have one line printed at the end of the run: a figure that docs/reliability.md names."""
    return request.config.stash[_figures].append


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
