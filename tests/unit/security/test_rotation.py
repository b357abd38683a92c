"""The key-encryption key is changed while everything runs; cut off anywhere and run again, everything can be read."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversations.messages import add_message, open_conversation
from bot.conversations.tables import Message
from bot.database import reading, writing
from bot.referrals.reports import begin_report
from bot.referrals.tables import Report
from bot.security import audit, chain, key_file, keys, rotation
from bot.settings import settings

COUNT = 7
KEYS = 3 * COUNT + 1
"""Data keys: of each chat, its record and its messages, and that of the hashes."""


@pytest.fixture
def records(own_database: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Texts of a few records, each under keys of its own."""
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    texts = {f"record {number}" for number in range(COUNT)}
    with writing() as session:
        for text in texts:
            conversation = open_conversation(session, "web", text, "chat")
            begin_report(session, conversation)
            add_message(session, conversation, "responder", text)
    return texts


def read() -> set[str]:
    """Read everything as a process does that knows no key yet."""
    keys.open_keys.clear()
    with reading() as session:
        assert all(report.data["persons"] == [] for report in session.execute(select(Report)).scalars())
        return {message.text for message in session.execute(select(Message)).scalars()}


def forget() -> list[str]:
    """Forget what no data key needs; `test_index.py` looks at what the index needs."""
    return rotation.forget(lambda _: set())


def wrapped_with() -> list[int]:
    return [count for _, count in rotation.status()]


def entries(key_id: str) -> list[tuple[str, str]]:
    with reading() as session:
        return [(entry.actor, entry.action) for entry in audit.trail(session, [key_id])]


def newest() -> str:
    return next(iter(key_file.read_keys(settings().key_file)))


def test_all_keys_are_wrapped_anew_and_everything_reads_at_every_moment(records: set[str]) -> None:
    before = list(key_file.read_keys(settings().key_file))
    for _ in rotation.rotate():
        assert read() == records
    after = list(key_file.read_keys(settings().key_file))
    assert after[1:] == before and wrapped_with() == [KEYS, 0]
    assert settings().key_file.stat().st_mode & 0o777 == 0o400
    assert entries(after[0]) == [("command line", "keys.rotated")] and entries(before[0]) == []
    assert forget() == before and read() == records
    assert wrapped_with() == [KEYS]
    assert entries(before[0]) == [("command line", "keys.forgotten")]
    assert forget() == []


@pytest.mark.parametrize("steps", range(5))
def test_cut_off_between_two_transactions(records: set[str], steps: int) -> None:
    going = rotation.rotate()
    for _ in range(steps):
        next(going)
    going.close()
    assert read() == records
    assert entries(newest()) == [], "it has not ended yet"
    list(rotation.rotate())
    assert read() == records and sum(wrapped_with()) == wrapped_with()[0] == KEYS
    assert entries(newest()) == [("command line", "keys.rotated")]


@pytest.mark.parametrize("at_once", [1, COUNT, KEYS, KEYS + 1])
def test_the_last_transaction_says_that_it_ended(records: set[str], monkeypatch: pytest.MonkeyPatch,
                                                 at_once: int) -> None:
    """Cut off behind it, there is nothing to go on with, so nobody would write the entry any more."""
    monkeypatch.setattr(rotation, "AT_ONCE", at_once)
    for _ in rotation.rotate():
        assert bool(entries(newest())) == (wrapped_with() == [KEYS, 0])


def test_what_cannot_be_noted_is_not_forgotten(records: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    list(rotation.rotate())
    both = list(key_file.read_keys(settings().key_file))
    monkeypatch.setattr(chain, "append", dying(chain.append, 1))
    with pytest.raises(KeyboardInterrupt):
        forget()
    assert list(key_file.read_keys(settings().key_file)) == both


def dying(real: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Let a function die at one of its calls, as a kill would."""
    calls = iter(range(1, 1000))

    def act(*arguments: Any, **named: Any) -> Any:
        if next(calls) == at:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    return act


@pytest.mark.parametrize(("module", "name", "at"), [
    (os, "open", 1), (os, "fsync", 1), (os, "replace", 1), (os, "fsync", 2),
    *[(keys, "_wrap", at) for at in range(1, KEYS + 1)],
])
def test_killed_at_each_step_and_resumed(records: set[str], module: Any, name: str, at: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, dying(getattr(module, name), at))
        with pytest.raises(KeyboardInterrupt):
            list(rotation.rotate())
    assert read() == records
    keys.check()
    list(rotation.rotate())
    assert read() == records and wrapped_with()[0] == KEYS
    assert entries(newest()) == [("command line", "keys.rotated")]
    forget()
    assert read() == records and wrapped_with() == [KEYS]


def test_a_process_that_runs_on_seals_with_the_new_key_at_once(records: set[str]) -> None:
    key_file.add_key(settings().key_file)
    with writing() as session:
        add_message(session, open_conversation(session, "web", "new", "chat"), "responder", "later")
    assert wrapped_with()[0] == 1 and read() == {*records, "later"}
