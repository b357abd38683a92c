"""The index: no word of it without the key file, whole after rotation, restore, a lost key file, and a cut-off."""
from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from bot.commands.keys import keys as commands
from bot.conversations.messages import open_conversation
from bot.database import Base, reading, writing
from bot.jobs.rounds import index_some
from bot.protocol.report import Data, new_report, put
from bot.referrals import reindexing
from bot.referrals.erasure import erase
from bot.referrals.reports import begin_report, store_content
from bot.referrals.search import search
from bot.referrals.tables import Report, SearchToken
from bot.security import key_file, keys, rotation
from bot.security.tables import DataKey
from bot.settings import settings

NAMES = [f"Zorvin{letter} Quellmark" for letter in "abcdefg"]
VALUES = {"born": "2012-07-03", "phone": "+351 912 345 678"}


def content(name: str) -> Data:
    data = new_report()
    for field, one in {"name": name, **VALUES}.items():
        put(data, field, one, source="officer")
    put(data, "plate", "QZ 555 AB", source="officer")
    return data


def add(name: str) -> str:
    with writing() as session:
        conversation = open_conversation(session, "web", str(uuid.uuid4()), "chat")
        return str(begin_report(session, conversation, content(name)).id)


@pytest.fixture
def reports(own_database: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Ids of a few records by the name that each holds."""
    monkeypatch.setattr(reindexing, "AT_ONCE", 2)
    return {name: add(name) for name in NAMES}


def found(typed: str) -> set[str]:
    """Look as a process does that knows no key yet, and take only what is surest."""
    keys.open_keys.clear()
    with reading() as session:
        return set(next(search(session, typed, "PT")).reports)


def whole(reports: dict[str, str]) -> bool:
    everything = found("Quellmark") == found("912 345 678") == found("03.07.2012") == set(reports.values())
    return everything and all(found(name) == {report} for name, report in reports.items())


def indexed() -> list[int]:
    """Count the records under each key of the file, the newest first."""
    with reading() as session:
        counted = reindexing.indexed_with(session)
    return [counted.get(key, 0) for key in key_file.read_keys(settings().key_file)]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(commands, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_what_is_stored_is_found(reports: dict[str, str]) -> None:
    assert whole(reports) and found("Brackwater") == found("913 345 678") == found("04.07.2012") == set()


def test_nothing_of_the_index_can_be_read_or_tried_out_without_the_key_file(reports: dict[str, str]) -> None:
    with reading() as session:
        stored = set(session.execute(select(SearchToken.token)).scalars())
        everything = b" ".join(bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode()
                               for table in Base.metadata.sorted_tables
                               for row in session.execute(select(*table.columns)) for value in row).lower()
        opened = [keys.reading_key(session, key_id) for key_id in session.execute(select(DataKey.id)).scalars()]
    for word in ("zorvin", "quellmark", "2012-07-03", "345678", "345 678", "qz555ab", "qz 555"):
        assert word.encode() not in everything, word

    def tries(key: bytes) -> set[str]:
        return {hmac.new(key, f"{kind}:{value}".encode(), "sha256").hexdigest()
                for kind, value in (("name", "quellmark"), ("born", "2012-07-03"), ("phone", "+351912345678"))}

    # Neither the secret of `.env`, nor any key that stands in the database, opened, nor a file's key as it stands.
    for key in (b"", settings().secret.encode(), *opened, *key_file.read_keys(settings().key_file).values()):
        assert not tries(key) & stored
    assert tries(next(iter(keys.index_keys().values()))) <= stored


def test_a_rotation_loses_nothing_at_any_moment(reports: dict[str, str]) -> None:
    before = list(key_file.read_keys(settings().key_file))
    list(rotation.rotate())
    assert whole(reports) and indexed() == [0, len(NAMES)]
    assert run("forget") == "" and whole(reports), "the index still needs the earlier key"
    late = {**reports, "Zorvinh Quellmark": add("Zorvinh Quellmark")}
    for _ in reindexing.reindex():
        assert whole(late)
    assert indexed() == [len(NAMES) + 1, 0]
    assert run("forget") == f"{before[0]} is gone\n" and whole(late)


def dying(real: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Let a function die at one of its calls, as a kill would."""
    calls = iter(range(1, 1000))

    def act(*arguments: Any, **named: Any) -> Any:
        if next(calls) == at:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    return act


@pytest.mark.parametrize("at", [1, 2, 4, len(NAMES)])
def test_cut_off_and_run_again(reports: dict[str, str], at: int) -> None:
    list(rotation.rotate())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(reindexing, "index", dying(reindexing.index, at))
        list(reindexing.reindex())
    assert whole(reports) and indexed()[1] > 0
    assert "All records are in the index." in run("reindex")
    assert whole(reports) and indexed() == [len(NAMES), 0]
    assert run("reindex") == "All records are in the index.\n"


def test_the_jobs_make_the_index_whole_by_themselves(reports: dict[str, str]) -> None:
    with writing() as session:
        session.execute(delete(SearchToken))
        session.execute(update(Report).values(index_key=None))
    assert found("Quellmark") == set() and "7 records are not in the index" in run("status")
    for _ in range(4):
        index_some()
    assert whole(reports) and "not in the index" not in run("status")


def test_while_the_key_file_is_away_records_are_stored_and_later_found(reports: dict[str, str]) -> None:
    report, path = reports[NAMES[0]], settings().key_file
    with reading() as session:
        assert session.get(Report, report).data
    path.rename(path.with_name("away"))
    with writing() as session:
        # What is open goes on (docs/operate.md).
        store_content(session, report, 1, content("Tamsin Brackwater"))
    index_some()
    path.with_name("away").rename(path)
    assert found("Brackwater") == set() and report not in found("Quellmark"), "what no longer holds is gone"
    index_some()
    assert found("Brackwater") == {report} and report not in found("Quellmark")


def test_what_is_erased_or_cannot_be_read_is_left_out(reports: dict[str, str]) -> None:
    gone, changed, *_ = reports.values()
    with writing() as session:
        erase(session, session.get(Report, gone), "admin", "asked for")
        session.execute(update(Report.__table__).where(Report.__table__.c.id == changed).values(data=b"\x01" * 40))
    list(rotation.rotate())
    run("reindex")
    assert found("Quellmark") == set(reports.values()) - {gone, changed}
    assert indexed() == [len(NAMES), 0], "they are not tried for ever"
