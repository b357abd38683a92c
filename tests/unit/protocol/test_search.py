"""What a record is found by: one form for every way of writing a name, a date, a phone or a plate."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.protocol.catalogue import fields
from bot.protocol.report import Data, new_report, put
from bot.protocol.search import Token, asked_for, name_parts, read_date, sound_of, tokens_of
from tests.protocol_cases import reports


def report_with(account: str = "", **values: Any) -> Data:
    report = new_report()
    for field, one in values.items():
        put(report, field, one, source="officer")
    report["account"] = [account] if account else []
    return report


def found_in(report: Data, here: str = "PT") -> set[tuple[str, str]]:
    return {(token.kind, token.value) for token in tokens_of(report, here)}


def finds(report: Data, typed: str, here: str = "PT") -> bool:
    """Tell whether a search would find a report; phones of every kind are one, as in the index."""
    def form(token: Token) -> tuple[str, str]:
        return "phone" if token.kind in ("phone", "caller", "written") else token.kind, token.value

    has = {form(token) for token in tokens_of(report, here)}
    return any({form(token) for token in tokens} <= has for tokens in asked_for(typed, here))


@pytest.mark.parametrize("typed", [
    "Zorvina Quellmark", "quellmark", "ZORVINA", "Quellmark, Zorvina", "Zorvína  Quéllmark", "Kwelmark", "Зорвина",
])
def test_a_name_is_found_however_it_is_written(typed: str) -> None:
    assert finds(report_with(name="Zorvina Quellmark"), typed)


@pytest.mark.parametrize(("one", "other"), [
    ("Mohamed", "Muhamed"), ("Yusuf", "Jusuf"), ("Yulia", "Юлия"), ("Yulia", "Julia"), ("Hassan", "Хассан"),
    ("Xhevahire", "Djevahire"), ("Łukasz", "Lukas"), ("Ștefan", "Stephan"), ("Szymon", "Simon"),
    ("Wiktoria", "Viktoria"), ("Iryna", "Irina"), ("Hoxha", "Hodja"), ("Ceaușescu", "Ceausesku"),
    ("Γεωργία", "Georgia"), ("Nguyen", "Nguien"),
])
def test_names_sound_alike_over_spellings_and_scripts(one: str, other: str) -> None:
    (left,), (right,) = name_parts(one), name_parts(other)
    assert sound_of(left) == sound_of(right)


@pytest.mark.parametrize(("one", "other"), [("Maria", "Marko"), ("Ion", "Ana"), ("Fatima", "Fadumo"), ("Igor", "Dan"),
                                            ("Elena", "Alina"), ("Zorvina", "Sorin"), ("Berg", "Burke")])
def test_names_that_differ_do_not_sound_alike(one: str, other: str) -> None:
    assert sound_of(name_parts(one)[0]) != sound_of(name_parts(other)[0])


def test_all_that_is_typed_must_fit() -> None:
    assert not finds(report_with(name="Zorvina Quellmark"), "Zorvina Brackwater")
    assert not finds(report_with(name="Zorvina Quellmark"), "born in Wexbury")


@pytest.mark.parametrize("typed", ["2012-07-03", "03.07.2012", "3/7/2012", "3-7-2012", "3 July 2012", " 3  Jul 2012 "])
def test_a_date_of_birth_is_found_however_it_is_written(typed: str) -> None:
    assert finds(report_with(born="2012-07-03"), typed)
    assert not finds(report_with(born="2012-03-07"), typed)


@pytest.mark.parametrize("typed", ["2012", "31.02.2012", "13/13/2012", "July 2012", "1212-07-03", "yesterday", ""])
def test_what_is_no_day_is_none(typed: str) -> None:
    assert read_date(typed) is None


@pytest.mark.parametrize("typed", ["+351 912 345 678", "00351912345678", "912 345 678", "912-345-678", "+351912345678"])
@pytest.mark.parametrize("field", ["phone", "adult_phone", "call_back"])
def test_a_phone_is_found_however_it_is_written(field: str, typed: str) -> None:
    assert finds(report_with(**{field: "+351 912 345 678"}), typed)
    assert finds(report_with(**{field: typed}), "+351 912 345 678")
    assert not finds(report_with(**{field: typed}), "+351 912 345 679")


def test_a_number_that_can_be_no_phone_is_found_by_its_digits() -> None:
    assert finds(report_with(adult_phone="555 0100 (bar)", place="Wexbury"), "5550100", here="QZ")


@pytest.mark.parametrize("typed", ["QZ 555 AB", "qz-555-ab", "qz555ab", "QZ·555·AB"])
def test_a_plate_is_found_however_it_is_written(typed: str) -> None:
    assert finds(report_with(plate="QZ-555-AB; MN 12 KL"), typed) and finds(report_with(plate=typed), "QZ555AB")
    assert finds(report_with(plate="QZ-555-AB, MN 12 KL"), "mn12kl")


def test_of_the_story_only_phones_are_found_and_the_responders_own_is_theirs() -> None:
    story = "Her name is Zorvina, born 03.07.2012, gate 12345678, plate QZ-555-AB, his phone is 00351 912 345 678"
    assert found_in(report_with(story)) == {("written", "+351912345678")}
    assert found_in(report_with(story, call_back="912 345 678")) == {("caller", "+351912345678")}


def test_what_is_typed_is_one_thing() -> None:
    assert [[t.kind for t in tokens] for tokens in asked_for("Zorvina", "PT")] == [["name"], ["sound"]]
    assert [[t.kind for t in tokens] for tokens in asked_for("03.07.2012", "PT")] == [["born"]]
    assert [[t.kind for t in tokens] for tokens in asked_for("QZ-555-AB", "PT")] == [["plate"]]
    assert asked_for("?!", "PT") == asked_for("", "PT") == asked_for("7", "PT") == []


def test_an_open_answer_is_found_by_nothing() -> None:
    assert found_in(report_with(name="unknown", born="not_yet", plate="not_safe")) == set()


@given(st.text(max_size=60), st.sampled_from(["PT", "QZ", "GB", ""]))
def test_nothing_that_is_typed_fails_and_no_token_is_empty(typed: str, here: str) -> None:
    for tokens in asked_for(typed, here):
        assert tokens and all(token.value for token in tokens)


@given(reports(), st.text(max_size=60))
def test_no_report_fails_and_no_token_is_empty(report: Data, text: str) -> None:
    for field in ("name", "adult_name", "plate", "phone", "adult_phone", "call_back"):
        put(report, field, text, source="officer")
    report["account"].append(text)
    assert all(token.value for token in tokens_of(report, "PT"))


@given(st.text(st.characters(categories=["L"]), min_size=2, max_size=12))
def test_a_name_is_found_by_itself_in_any_script(name: str) -> None:
    assert not name_parts(name) or finds(report_with(name=name), name.upper()) or finds(report_with(name=name), name)


def test_what_identifies_is_private_and_what_is_private_is_never_asked() -> None:
    from bot.protocol.catalogue import questions

    private = {key for key, field in fields().items() if field.private}
    assert private == {"name", "born", "phone", "stay", "adult_name", "adult_identity", "adult_phone"}
    assert not private & {name for question in questions().values()
                          for name in (question.field, question.keeps_text_in, *(
                              one for option in question.options for one in option.sets))}
