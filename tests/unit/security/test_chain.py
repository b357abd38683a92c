"""The chain of the audit trail: whatever is done to its rows is noticed, and the first bad row is named."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bot.security import chain
from bot.security.chain import BEGINNING, Fault, Head
from bot.security.tables import AuditEntry

START = datetime(2026, 1, 1, 23, 59, tzinfo=timezone.utc)
SPOILT: dict[str, list[Any]] = {
    "at": ["2026-01-01 23:59:00.000001", "2025-01-01 00:00:00.000000", "never"],
    "actor": ["somebody", "", b"\x00"],
    "action": ["case.closed", "case.opened "],
    "subject": ["another", "", None],
    "hash": ["", "0" * 64, b"\x00"],
}


@contextmanager
def a_chain(length: int) -> Iterator[Session]:
    engine = create_engine("sqlite://", future=True)
    AuditEntry.__table__.create(engine)
    with Session(engine, future=True) as session:
        for number in range(length):
            chain.append(session, START + timedelta(seconds=number), f"actor {number % 3}", "case.opened",
                         f"case {number}")
        yield session
    engine.dispose()


def sql(session: Session, statement: str, **values: Any) -> None:
    session.execute(text(statement), values)


lengths = st.integers(1, 12)


@given(length=st.integers(0, 12), small=st.booleans())
def test_a_whole_chain_is_sound_from_anywhere(length: int, small: bool) -> None:
    with pytest.MonkeyPatch.context() as patch, a_chain(length) as session:
        patch.setattr(chain, "BATCH", 3 if small else 1000)
        head = chain.head_of(session)
        assert head.number == length
        heads = [Head(row.id, row.hash) for row in session.query(AuditEntry).all()]
        for since in [BEGINNING, *heads]:
            assert chain.verify(session, [BEGINNING, *heads], since) == chain.Checked(head, None)


@given(data=st.data(), length=lengths)
def test_an_edit_of_any_column_is_named(data: Any, length: int) -> None:
    number = data.draw(st.integers(1, length))
    column = data.draw(st.sampled_from(sorted(SPOILT)))
    with a_chain(length) as session:
        value = data.draw(st.sampled_from(SPOILT[column]))
        sql(session, f"UPDATE audit SET {column} = :v WHERE id = :n", v=value, n=number)
        assert chain.verify(session).fault == Fault(number, "altered")


@given(data=st.data(), length=lengths)
def test_another_number_is_named(data: Any, length: int) -> None:
    number, other = data.draw(st.integers(1, length)), data.draw(st.integers(-3, 0) | st.integers(100, 103))
    with a_chain(length) as session:
        kept = [chain.head_of(session)]
        sql(session, "UPDATE audit SET id = :o WHERE id = :n", o=other, n=number)
        expected = Fault(other, "out_of_order") if other < 1 else Fault(number, "missing")
        assert chain.verify(session, kept).fault == expected


@given(data=st.data(), length=lengths)
def test_a_deletion_is_named(data: Any, length: int) -> None:
    first = data.draw(st.integers(1, length))
    last = data.draw(st.integers(first, length))
    with a_chain(length) as session:
        kept = [chain.head_of(session)]
        sql(session, "DELETE FROM audit WHERE id BETWEEN :a AND :b", a=first, b=last)
        what = "cut_off" if last == length else "missing"
        assert chain.verify(session, kept).fault == Fault(first, what)


@given(data=st.data(), length=st.integers(2, 12))
def test_swapped_rows_are_named(data: Any, length: int) -> None:
    one = data.draw(st.integers(1, length - 1))
    other = data.draw(st.integers(one + 1, length))
    with a_chain(length) as session:
        for old, new in ((one, 1000), (other, one), (1000, other)):
            sql(session, "UPDATE audit SET id = :new WHERE id = :old", old=old, new=new)
        assert chain.verify(session).fault == Fault(one, "out_of_order")


@given(data=st.data(), length=lengths, again=st.booleans())
def test_an_inserted_row_is_named(data: Any, length: int, again: bool) -> None:
    """A row of one's own making, or one that stood in the chain before, pushed in anywhere or put at the end."""
    place = data.draw(st.integers(1, length + 1))
    with a_chain(length) as session:
        copy = session.get(AuditEntry, data.draw(st.integers(1, length)))
        for number in range(length, place - 1, -1):
            sql(session, "UPDATE audit SET id = id + 1 WHERE id = :n", n=number)
        said = (copy.actor, copy.action, copy.subject) if again else ("x", "y", "z")
        sql(session, "INSERT INTO audit (id, at, actor, action, subject, hash) VALUES (:n, :at, :a, :b, :c, :hash)",
            n=place, at=copy.at.strftime("%Y-%m-%d %H:%M:%S.%f"), hash=copy.hash,
            **dict(zip("abc", said, strict=True)))
        found = chain.verify(session).fault
        # A copy of the next entry, put before it, is that entry; the one after it is then the first bad one.
        assert found is not None and found.number in ({place, place + 1} if again else {place})


@given(data=st.data(), length=lengths, grown=st.integers(0, 15))
def test_a_cut_chain_that_grew_again_does_not_fit_the_heads(data: Any, length: int, grown: int) -> None:
    cut = data.draw(st.integers(1, length))
    with a_chain(length) as session:
        kept = [chain.head_of(session)]
        sql(session, "DELETE FROM audit WHERE id >= :n", n=cut)
        for _ in range(grown):
            chain.append(session, START, "x", "y", None)
        size = cut - 1 + grown
        assert chain.verify(session).fault is None, "nothing inside the database tells"
        expected = Fault(length, "replaced") if size >= length else Fault(size + 1, "cut_off")
        assert chain.verify(session, kept).fault == expected
        assert chain.verify(session, [], kept[0]).fault is not None, "a check from the last one on did not tell"


def test_a_chain_sealed_with_another_secret_is_bad_from_its_first_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_chain(3) as session:
        monkeypatch.setattr(chain, "keyed_hash", lambda purpose, secret: "another")
        assert chain.verify(session).fault == Fault(1, "altered")
