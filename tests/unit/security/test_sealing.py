"""A sealed value opens in its own place with its own key, and nowhere else; one changed bit is noticed."""
from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from bot.security.sealing import Tampered, key_id_of, new_key, open_, seal

places = some.text(max_size=20)
plains = some.binary(max_size=300)


@given(places, places, plains)
def test_what_was_sealed_opens(column: str, record: str, plain: bytes) -> None:
    key_id, key = new_key()
    sealed = seal(key, key_id, column, record, plain)
    assert open_(key, key_id, column, record, sealed) == plain
    assert key_id_of(sealed) == key_id


@given(places, places, places, places, plains)
def test_in_another_row_or_column_it_does_not(column: str, record: str, other: str, row: str, plain: bytes) -> None:
    assume((column, record) != (other, row))
    key_id, key = new_key()
    with pytest.raises(Tampered):
        open_(key, key_id, other, row, seal(key, key_id, column, record, plain))


@given(plains, some.data())
def test_a_changed_bit_is_noticed_wherever_it_is(plain: bytes, data: some.DataObject) -> None:
    key_id, key = new_key()
    sealed = bytearray(seal(key, key_id, "c", "r", plain))
    bit = data.draw(some.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Tampered):
        open_(key, key_id, "c", "r", bytes(sealed))


@given(plains, some.integers(0, 60))
def test_a_piece_is_no_whole(plain: bytes, kept: int) -> None:
    key_id, key = new_key()
    sealed = seal(key, key_id, "c", "r", plain)
    assume(kept < len(sealed))
    with pytest.raises(Tampered):
        open_(key, key_id, "c", "r", sealed[:kept])


@given(plains)
def test_another_key_opens_nothing_even_under_the_same_id(plain: bytes) -> None:
    key_id, key = new_key()
    sealed = seal(key, key_id, "c", "r", plain)
    other_id, other = new_key()
    for wrong_id, wrong in ((key_id, other), (other_id, key), (other_id, other)):
        with pytest.raises(Tampered):
            open_(wrong, wrong_id, "c", "r", sealed)


@given(plains)
def test_the_same_value_never_looks_the_same(plain: bytes) -> None:
    key_id, key = new_key()
    assert seal(key, key_id, "c", "r", plain) != seal(key, key_id, "c", "r", plain)
