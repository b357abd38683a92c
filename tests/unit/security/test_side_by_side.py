"""Two processes seal at once: one key for one record, and none wrapped with a key that the file no longer has."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import select

from bot.database import reading, writing
from bot.security import key_file, keys, rotation
from bot.security.tables import DataKey


def test_two_that_need_a_first_key_at_once_get_the_same(own_database: Path) -> None:
    together = Barrier(4)

    def ask(number: int) -> list[tuple[str, bytes]]:
        found = []
        for subject in range(10):
            together.wait()
            with writing() as session:
                found.append(keys.writing_key(session.connection(), f"report {subject}"))
        return found

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert answers == [answers[0]] * 4
    with reading() as session:
        assert len(session.execute(select(DataKey)).all()) == 11


def test_no_key_is_forgotten_while_somebody_wraps_with_it(own_database: Path) -> None:
    made, go_on = Event(), Event()

    def seal() -> tuple[str, bytes]:
        with writing() as session:
            key = keys.writing_key(session.connection(), "report")
            made.set()
            assert go_on.wait(20)
        return key

    def change() -> list[str]:
        list(rotation.rotate())
        return rotation.forget(lambda _: set())

    with ThreadPoolExecutor(2) as pool:
        sealing = pool.submit(seal)
        assert made.wait(20)
        changing = pool.submit(change)
        # It must wait for whoever is wrapping, and then see what was wrapped.
        wait([changing], timeout=1)
        go_on.set()
        key_id, key = sealing.result()
        changing.result()
    assert [count for _, count in rotation.status()] == [2], "what was being wrapped is wrapped anew as well"
    keys.open_keys.clear()
    with reading() as session:
        assert keys.reading_key(session, key_id) == key


def test_of_two_rotations_at_once_one_adds_the_key_and_both_wrap_with_it(
    own_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing() as session:
        for subject in "abc":
            keys.writing_key(session.connection(), subject)
    adding, go_on = Event(), Event()
    add = key_file.add_key

    def slowly(path: Path) -> str:
        adding.set()
        assert go_on.wait(20)
        return add(path)

    monkeypatch.setattr(rotation, "AT_ONCE", 1)
    monkeypatch.setattr(key_file, "add_key", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: next(rotation.rotate()))
        assert adding.wait(20)
        second = pool.submit(lambda: len(list(islice(rotation.rotate(), 10))))
        # It must wait until the key is in the file; a key of its own would have both wrap anew for ever.
        wait([second], timeout=1)
        go_on.set()
        assert first.result() + second.result() == 4
    assert [count for _, count in rotation.status()] == [4, 0]
