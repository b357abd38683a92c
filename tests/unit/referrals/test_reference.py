"""References survive a phone call: readable in any form, unique, and one wrong or swapped character is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from bot.referrals import reference as module
from bot.referrals.reference import ALPHABET, CHARACTERS, clean_reference, new_reference

REFERENCES = st.builds(new_reference)


def bare(reference: str) -> str:
    return reference.replace("-", "")


@settings(max_examples=200, deadline=None)
@given(REFERENCES)
def test_a_new_one_is_seventeen_readable_characters_in_groups(reference: str) -> None:
    assert [len(group) for group in reference.split("-")] == [4, 4, 4, 5]
    assert len(bare(reference)) == CHARACTERS + 1
    assert set(bare(reference)) <= set(ALPHABET)
    assert not set("ILOU") & set(ALPHABET)
    assert clean_reference(reference) == reference


@settings(max_examples=200, deadline=None)
@given(REFERENCES, st.integers(0, CHARACTERS), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(reference: str, place: int, wrong: str) -> None:
    code = bare(reference)
    typed = code[:place] + wrong + code[place + 1 :]
    assert clean_reference(typed) == (reference if wrong == code[place] else None)


def test_every_single_wrong_character_of_one_reference_is_noticed() -> None:
    code = bare(new_reference())
    for place in range(len(code)):
        for wrong in set(ALPHABET) - {code[place]}:
            assert clean_reference(code[:place] + wrong + code[place + 1 :]) is None


@settings(max_examples=200, deadline=None)
@given(REFERENCES)
def test_a_swap_of_neighbours_is_noticed(reference: str) -> None:
    code = bare(reference)
    for place in range(CHARACTERS):
        typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert clean_reference(typed) == (reference if typed == code else None)


def _with_check(code: str) -> str:
    return code + mod_37_36.calc_check_digit(code)


def test_a_draw_whose_swap_would_pass_unnoticed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check character alone misses some pairs; here is one, found by looking."""
    unlucky = next(
        code
        for first in ALPHABET
        for pair in range(len(ALPHABET) - 1)
        for code in [first + ALPHABET[pair : pair + 2] + "0" * (CHARACTERS - 3)]
        if _with_check(code)[-1] in ALPHABET and mod_37_36.is_valid(_swapped(_with_check(code), 1))
    )
    lucky = "7K2M9QXA3BTW0D5H"
    drawn = iter(unlucky + lucky + "Z" * 10 * CHARACTERS)
    monkeypatch.setattr(module.secrets, "choice", lambda _: next(drawn))
    assert bare(new_reference())[:CHARACTERS] != unlucky


def _swapped(code: str, place: int) -> str:
    return code[:place] + code[place + 1] + code[place] + code[place + 2 :]


@settings(max_examples=200, deadline=None)
@given(
    REFERENCES,
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from(["", " ", "-", " - ", ".", "/", "\n"]),
)
def test_reading_forms(reference: str, case: object, between: str) -> None:
    typed = between.join(bare(reference))
    assert clean_reference(f"  {case(typed)} ") == reference
    assert clean_reference(typed.replace("0", "O").replace("1", "I")) == reference
    assert clean_reference(typed.replace("0", "o").replace("1", "l")) == reference


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "7K2M",
        "x" * 500,
        "0" * 16,
        "0" * 18,
        "U" * 17,
        "\u0663" * 17,
        "\u00b2" * 17,
        "7K2M-9QXA-3BTW-0D5H?",
        "\ud83d",
    ],
    ids=ascii,
)
def test_what_cannot_be_a_reference_is_none(typed: str) -> None:
    assert clean_reference(typed) is None


@settings(max_examples=200)
@given(st.text())
def test_reading_never_raises_and_gives_the_usual_form_or_none(typed: str) -> None:
    read = clean_reference(typed)
    assert read is None or clean_reference(read) == read


def test_two_thousand_are_all_different_and_share_no_beginning() -> None:
    drawn = [new_reference() for _ in range(2000)]
    assert len(set(drawn)) == len(drawn)
    # Eighty random bits: the first half alone already tells nearly all apart, so none follows from another.
    assert len({d[:9] for d in drawn}) == len(drawn)
