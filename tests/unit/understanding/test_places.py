"""Nationality, language, the way travelled and the place of the encounter are four different things."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.understanding.reader import read

TODAY = dt.date(2026, 11, 21)


def _values(text: str, field: str, here: str | None = None) -> list[str]:
    return [
        f.value for f in read(text, TODAY, here, signs=lambda _: []).facts if f.field == field and f.status != "denied"
    ]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("nigerain girl 16", ["NG"]),
        ("boy from Benin City", ["NG"]),
        ("afgan lad of 15", ["AF"]),
        ("girl 15 from Kosovo", ["XK"]),
        ("boy with Iraqi passport", ["IQ"]),
        ("women from Peru and Ecuador", ["PE", "EC"]),
        ("male 17, nationality: Gambia", ["GM"]),
        ("girl from Kabul lost her parents in a Bulgarian forest", ["AF"]),
        ("boy 16, picked in a Dutch greenhouse", []),
        ("Kabul boys, 14 and 15", ["AF"]),
        ("Tirana boy 16 at the port of Dover", ["AL"]),
        ("London police, girl 15", []),
        ("Milano: girls 15 and 16 in a flat", []),
        ("at Dover. boys 14", []),
        ("fille roumaine de 14 ans", ["RO"]),
        ("vietnamesse kid", ["VN"]),
        ("2 ukr girls at the border", ["UA"]),
        ("alb lad 16 in the car wash", ["AL"]),
        ("svensk flicka 15 at the shelter", ["SE"]),
        ("Österreicher, 16, at the workshop", ["AT"]),
        ("Mädchen 14, Ungarin, at the kerb", ["HU"]),
        ("RO girl 16 at the bus stop", ["RO"]),
        ("girl 16 RO, with a man", ["RO"]),
        ("F16 UA in the van", ["UA"]),
        ("boy 15, SY, alone", ["SY"]),
        ("14 yo girl (VN) in a nail bar", ["VN"]),
        ("BG national, 17, in a lorry", ["BG"]),
        ("two BG girls 15 and 16", ["BG"]),
        ("MD, 26, in a tram", ["MD"]),
        ("at 4 AM girl 15 ran in", []),
        ("ID 17 says the card of a girl", []),
        ("girl 15 IT student", []),
        ("GIRL 15 DE PASO", []),
        ("boy speaks pashto", []),
        ("asian girl, no english", []),
        ("romanian interpreter called for a girl", []),
        ("boy came via Libya and Italy", []),
        ("girl in nail polish shop", []),
        ("girl sold by an albanian man", []),
        ("boy 9, with a polish man", []),
        ("we are in Lisbon with a girl", []),
    ],
)
def test_nationality(text: str, codes: list[str]) -> None:
    assert _values(text, "nationality") == codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Rotterdam. boy 15 in a container", "NL"),
        ("we are in Lisbon with a girl", "PT"),
        ("I am writing from Tirana, girl 14", "AL"),
        ("farm near Szeged, boy 16", "HU"),
        ("Idomeni border crossing, baby with a couple", "GR"),
        ("boy from Lagos", None),
    ],
)
def test_country(text: str, code: str | None) -> None:
    assert (_values(text, "country") or [None])[0] == code


def test_way_of_writing_gives_a_country_only_where_none_is_known() -> None:
    assert _values("A&E here, girl 14", "country") == ["GB"]
    assert _values("A&E here, girl 14", "country", here="IE") == []


def test_doubted_nationality_is_hedged() -> None:
    facts = read("girl, Serbian we suppose", TODAY, signs=lambda _: []).facts
    assert [f.status for f in facts if f.field == "nationality"] == ["hedged"]


def test_british_lives_here_only_in_britain() -> None:
    assert _values("british girl 15", "residence", here="GB") == ["here"]
    assert _values("british girl 15 found in Porto", "residence") == []


def test_languages() -> None:
    assert _values("boy speaks only tigrinya", "language") == ["Tigrinya"]


@pytest.mark.parametrize(("text", "residence"), [
    ("Our citizen, a Latvian boy of 15, sits in a cell in Tromsø", [("taken_abroad", "stated")]),
    ("Our boy is 15, Hungarian, 2 policemen in Padova found him", [("here", "hedged")]),
    ("Porto. Our citizen, a Portuguese boy of 15, found begging", [("here", "stated")]),
    ("a boy of 15, our citizen, found begging", [("here", "stated")]),
])
def test_our_citizen_in_another_country_is_abroad(text: str, residence: list[tuple[str, str]]) -> None:
    found = [f for f in read(text, TODAY, signs=lambda _: []).facts if f.field == "residence"]
    assert [(fact.value, fact.status) for fact in found] == residence
