"""Who is responsible: every row of the protocol's table (section 3), every rule on top, and what must hold for all."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.protocol.catalogue import fields, sources, texts
from bot.protocol.entering import take
from bot.protocol.indicators import indicators
from bot.protocol.names import country_name
from bot.protocol.profile import ROUTES
from bot.protocol.report import Data, new_report, put, signs_present
from bot.protocol.routes import (
    ALL_FOREIGN,
    ON_TOP,
    _table,
    closed_in_words,
    decide,
    firewall,
    here_of,
    presumed_child,
    routes_of,
    title,
    trafficking_signs,
)
from tests.protocol_cases import HERE, person, reports

PAPERS = "documents.held_by_other"
"""A sign of trafficking."""
HURT = "general.untreated_injury_or_illness"
"""A sign of harm that, alone, is none of trafficking."""
MANDATORY = {"nfp", "nrm_child", "child_protection"}


def case(*signs: str, denied: tuple[str, ...] = (), **values: Any) -> Data:
    """Make a report of one person; fields of the person and of the report may be mixed."""
    report = new_report()
    person(report, **{f: v for f, v in values.items() if fields()[f].scope == "person"})
    for field, new in values.items():
        if fields()[field].scope == "report":
            put(report, field, new, source="answer", words="said")
    for sign in signs:
        report["signs"][sign] = {"seen": "observed", "words": "said", "sure": True}
    for sign in denied:
        report["signs"][sign] = {"seen": "denied", "words": "said", "sure": True}
    return report


def route(report: Data) -> str:
    return decide(report, report["persons"][0], HERE).route


def fired(report: Data, which: int = 0) -> set[str]:
    return {rule.id for rule in decide(report, report["persons"][which], HERE).rules}


ABROAD = {"residence": "abroad"}
HOME = {"residence": "here"}
CHILD = {"age": 14}

TABLE: dict[str, tuple[Data, str]] = {
    # 1: child, another country or not established, sign: nfp
    "abroad, papers held": (case(PAPERS, **CHILD, **ABROAD), "nfp"),
    "foreign nationality, papers held": (case(PAPERS, **CHILD, nationality="MD"), "nfp"),
    "home in another country named": (case(PAPERS, **CHILD, residence_country="AL"), "nfp"),
    "home not known, papers held": (case(PAPERS, **CHILD), "nfp"),
    "home asked, not known": (case(PAPERS, **CHILD, residence="unknown"), "nfp"),
    "home not safe to ask": (case(PAPERS, **CHILD, residence="not_safe"), "nfp"),
    "national of here, home asked and not known": (case(PAPERS, **CHILD, nationality=HERE, residence="unknown"), "nfp"),
    "national of here, home abroad": (case(PAPERS, **CHILD, nationality=HERE, residence="abroad"), "nfp"),
    "national of here, home country abroad": (case(PAPERS, **CHILD, nationality=HERE, residence_country="DK"), "nfp"),
    "sign with proven parents": (
        case(PAPERS, **CHILD, **ABROAD, accompanied="with_adult_relative_claimed", link_checked="yes"),
        "nfp",
    ),
    "form suspected without a coded sign": (case(**CHILD, **ABROAD, exploitation=["begging"]), "nfp"),
    "age not known at all": (case(PAPERS, nationality="VN"), "nfp"),
    "presumed child": (case(PAPERS, child="unclear", **ABROAD), "nfp"),
    "child refuses": (case(PAPERS, **CHILD, **ABROAD, told="refuses"), "nfp"),
    "asylum wish and a sign": (case(PAPERS, **CHILD, **ABROAD, fear="asylum"), "nfp"),
    "asylum wish, a sign, with family": (
        case(PAPERS, **CHILD, **ABROAD, fear="asylum", accompanied="with_adult_relative_claimed"),
        "nfp",
    ),
    # 2: no sign, alone or with adults not proven: nfp
    "alone from abroad": (case(**CHILD, **ABROAD, accompanied="alone"), "nfp"),
    "alone, home not known": (case(**CHILD, accompanied="alone"), "nfp"),
    "with another adult": (case(**CHILD, **ABROAD, accompanied="with_other_adult"), "nfp"),
    "with other children only": (case(**CHILD, **ABROAD, accompanied="with_children"), "nfp"),
    "company not known": (case(**CHILD, **ABROAD), "nfp"),
    "company asked, not known": (case(**CHILD, **ABROAD, accompanied="unknown"), "nfp"),
    "says family, nothing checked": (case(**CHILD, **ABROAD, accompanied="with_adult_relative_claimed"), "nfp"),
    "says family, not proven": (
        case(**CHILD, **ABROAD, accompanied="with_adult_relative_claimed", link_checked="no"),
        "nfp",
    ),
    "says family, home not known": (case(**CHILD, accompanied="with_adult_relative_claimed"), "nfp"),
    "alone now, whatever papers showed": (case(**CHILD, **ABROAD, accompanied="alone", link_checked="yes"), "nfp"),
    "alone and hurt": (case(HURT, **CHILD, **ABROAD, accompanied="alone"), "nfp"),
    "alone, asks for asylum": (case(**CHILD, **ABROAD, accompanied="alone", fear="asylum"), "nfp"),
    "alone, no sign seen": (case(denied=(PAPERS,), **CHILD, **ABROAD, accompanied="alone"), "nfp"),
    # 3: child of this country, being taken abroad, sign: nfp
    "being taken abroad": (case(PAPERS, **CHILD, residence="taken_abroad"), "nfp"),
    "national being taken abroad": (case(PAPERS, **CHILD, nationality=HERE, residence="taken_abroad"), "nfp"),
    "being taken abroad for marriage": (
        case(age=16, residence="taken_abroad", exploitation=["forced_marriage"]),
        "nfp",
    ),
    # 4: child at home here, sign: nrm_child
    "national, papers held": (case(PAPERS, **CHILD, nationality=HERE), "nrm_child"),
    "settled here": (case(PAPERS, **CHILD, **HOME), "nrm_child"),
    "foreigner settled here": (case(PAPERS, **CHILD, nationality="RO", residence="here"), "nrm_child"),
    "foreigner whose home country is this": (
        case(PAPERS, **CHILD, nationality="RO", residence_country=HERE),
        "nrm_child",
    ),
    "settled here, presumed child": (case(PAPERS, child="unclear", **HOME), "nrm_child"),
    "settled here, online": (case(age=12, **HOME, exploitation=["sexual"]), "nrm_child"),
    # 5: any child, harm or neglect without a sign: child_protection
    "settled here, hurt": (case(HURT, **CHILD, **HOME), "child_protection"),
    "settled here, in danger": (case(**CHILD, **HOME, danger="yes"), "child_protection"),
    "settled here, missing": (case(**CHILD, **HOME, missing="now"), "child_protection"),
    "from abroad with proven parents, hurt": (
        case(HURT, **CHILD, **ABROAD, accompanied="with_adult_relative_claimed", link_checked="yes"),
        "child_protection",
    ),
    "being taken abroad, hurt, no sign": (case(HURT, **CHILD, residence="taken_abroad"), "child_protection"),
    # rule 3: an asylum-seeking child with family and without a sign
    "asylum with family": (
        case(**CHILD, **ABROAD, fear="asylum", accompanied="with_adult_relative_claimed"),
        "child_protection",
    ),
    "asylum with proven parents": (
        case(**CHILD, nationality="SY", fear="refugee", accompanied="with_adult_relative_claimed", link_checked="yes"),
        "child_protection",
    ),
    # signs of people whom nobody has met: somebody on duty looks at the traces, and an adult is not referred for them
    "adult with papers of others": (case(PAPERS, age=45, victims_met="no"), "consult"),
    # 6: adult with a sign: nrm_adult
    "adult, papers held": (case(PAPERS, age=31, **ABROAD), "nrm_adult"),
    "adult of this country": (case(PAPERS, age=31, nationality=HERE), "nrm_adult"),
    "adult by word": (case(PAPERS, child="no"), "nrm_adult"),
    "adult, form suspected": (case(age=[25, 30], exploitation=["labour"]), "nrm_adult"),
    "exactly 18": (case(PAPERS, age=18), "nrm_adult"),
    # 7: too little or none: consult
    "adult without a sign": (case(age=40, **ABROAD), "consult"),
    "adult, hurt only": (case(HURT, age=40, **ABROAD), "consult"),
    "adult in danger, no sign": (case(age=40, danger="yes"), "consult"),
    # A child alone is never "too little": care straight away (terms of reference, chapter 4, alternative care).
    "child of this country alone, nothing seen": (case(**CHILD, **HOME, accompanied="alone"), "child_protection"),
    "child of this country with family, nothing seen": (
        case(**CHILD, **HOME, accompanied="with_adult_relative_claimed"), "consult",
    ),
    "child with proven parents, nothing seen": (
        case(**CHILD, **ABROAD, accompanied="with_adult_relative_claimed", link_checked="yes"),
        "consult",
    ),
    "form not clear is no sign": (case(age=40, exploitation=["unknown"]), "consult"),
    "adult, sign denied": (case(denied=(PAPERS,), age=40, **ABROAD), "consult"),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_first_row_that_fits_decides(name: str) -> None:
    report, wanted = TABLE[name]
    assert route(report) == wanted


def test_every_row_of_the_catalogue_is_reached_by_the_table() -> None:
    reached = {decide(report, report["persons"][0], HERE).rules[0].id for report, _ in TABLE.values()}
    assert reached == {row["id"] for row in _table()["rows"]}


def test_every_route_is_reached_and_titled() -> None:
    assert {wanted for _, wanted in TABLE.values()} == set(ROUTES)
    assert all(title(route) for route in ROUTES)


def test_the_role_of_the_writer_changes_no_route() -> None:
    for role in [*fields()["role"].values, "unknown"]:
        assert route(case(PAPERS, **CHILD, **ABROAD, role=role)) == "nfp"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"age": 17}, True),
        ({"age": 0}, True),
        ({"age": 18}, False),
        ({"age": 40}, False),
        ({"age": [16, 20]}, True),
        ({"age": [17, 17]}, True),
        ({"age": [18, 22]}, False),
        ({"child": "yes"}, True),
        ({"child": "no"}, False),
        ({"child": "unclear"}, True),
        # A claimed adult age beside a childlike look is uncertain: treated as a child.
        ({"age": 19, "child": "unclear"}, True),
        ({"age": [18, 22], "child": "unclear"}, True),
        ({"age": 19, "child": "yes"}, True),
        ({"age": 15, "child": "no"}, True),
        ({"age": 25, "child": "no"}, False),
        ({"age": "unknown", "child": "unclear"}, True),
        ({"age": "unknown"}, None),
        ({"age": "not_safe"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_presumption_of_childhood(values: dict[str, Any], wanted: bool | None) -> None:
    report = case(PAPERS, nationality="VN", **values)
    assert presumed_child(report["persons"][0]) is wanted
    assert route(report) == ("nrm_adult" if wanted is False else "nfp")


def test_nobody_described_is_neither_child_nor_adult() -> None:
    assert presumed_child(None) is None
    assert routes_of(new_report(), HERE) == ["consult"]


@pytest.mark.parametrize(
    ("age", "child", "says_so"),
    [
        (15, "yes", False),
        (15, None, False),
        ([12, 15], None, False),
        ([16, 20], None, True),
        ([16, 20], "yes", False),
        (None, "unclear", True),
        (None, None, True),
        (19, "unclear", True),
    ],
    ids=str,
)
def test_where_the_age_is_not_certain_the_rule_says_so(age: Any, child: Any, says_so: bool) -> None:
    values = {k: v for k, v in (("age", age), ("child", child)) if v is not None}
    assert ("presumed_child" in fired(case(PAPERS, **ABROAD, **values))) is says_so


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"nationality": HERE}, "nrm_child"),
        ({"nationality": "MD"}, "nfp"),
        # The settled home decides, not the passport.
        ({"nationality": "MD", "residence": "here"}, "nrm_child"),
        ({"nationality": HERE, "residence": "abroad"}, "nfp"),
        ({"nationality": HERE, "residence_country": "MD"}, "nfp"),
        ({"nationality": "MD", "residence_country": HERE}, "nrm_child"),
        # Not known is not established, and an own passport does not replace the answer.
        ({"residence": "unknown"}, "nfp"),
        ({"residence": "not_yet", "nationality": HERE}, "nfp"),
        ({"residence": "unknown", "nationality": "MD"}, "nfp"),
        ({"residence": "unknown", "residence_country": HERE}, "nrm_child"),
    ],
    ids=str,
)
def test_habitual_residence(values: dict[str, Any], wanted: str) -> None:
    assert route(case(PAPERS, **CHILD, **values)) == wanted


def test_two_nationalities_for_children_who_are_not_told_apart_count_as_abroad() -> None:
    report = case(PAPERS, **CHILD)
    report["several_nationalities"] = ["AL", "MD"]
    assert route(report) == "nfp"
    assert firewall(report, HERE).closed == (ALL_FOREIGN,)


def test_here_is_the_place_of_the_case_before_the_profile() -> None:
    assert here_of(new_report(), HERE) == HERE
    assert here_of(case(country="PT"), HERE) == "PT"
    report = case(PAPERS, **CHILD, nationality="PT", country="PT")
    assert decide(report, report["persons"][0], here_of(report, HERE)).route == "nrm_child"
    assert decide(report, report["persons"][0], HERE).route == "nfp"


# Rule 1, 4, 5, 6, 7, 9, 11: which values make which rule fire.
@pytest.mark.parametrize(
    ("rule", "report", "fires"),
    [
        ("danger_first", case(**CHILD, danger="yes"), True),
        ("danger_first", case(age=40, danger="yes"), True),
        ("danger_first", case(**CHILD, danger="no"), False),
        ("danger_first", case(**CHILD, danger="unknown"), False),
        ("missing_now", case(**CHILD, missing="now"), True),
        ("missing_now", case(**CHILD, missing="may_abscond"), False),
        ("missing_now", case(**CHILD, missing="earlier"), False),
        ("may_abscond", case(**CHILD, missing="may_abscond"), True),
        ("may_abscond", case(**CHILD, missing="now"), False),
        ("non_punishment", case(**CHILD, offences="yes"), True),
        ("non_punishment", case(**CHILD, offences="held"), True),
        ("non_punishment", case(**CHILD, offences="no"), False),
        ("non_punishment", case(**CHILD, exploitation=["begging", "criminality"]), True),
        ("non_punishment", case("criminality.found_in_crime_adults_behind", **CHILD), True),
        ("non_punishment", case(denied=("criminality.found_in_crime_adults_behind",), **CHILD), False),
        ("non_punishment", case(**CHILD, documents="false_or_suspect"), True),
        ("non_punishment", case(**CHILD, documents="none"), False),
        ("turning_18", case(age=17), True),
        ("turning_18", case(age=[16, 17]), True),
        ("turning_18", case(age=[15, 19]), True),
        ("turning_18", case(age=16), False),
        ("turning_18", case(age=18), False),
        ("in_parallel", case(PAPERS, **CHILD, **ABROAD), True),
        ("in_parallel", case(PAPERS, **CHILD, **HOME), True),
        ("in_parallel", case(HURT, **CHILD, **HOME), False),
        ("in_parallel", case(PAPERS, age=40), False),
        ("told_and_asked", case(PAPERS, **CHILD, **ABROAD), True),
        ("told_and_asked", case(PAPERS, **CHILD, **ABROAD, told="refuses"), True),
        ("told_and_asked", case(PAPERS, age=40), False),
        ("firewall", case(**CHILD, fear="fear"), True),
        ("firewall", case(**CHILD, fear="not_safe"), False),
        ("firewall_open", case(**CHILD), True),
        ("firewall_open", case(**CHILD, fear="not_safe"), True),
        ("firewall_open", case(**CHILD, fear="denied"), False),
        ("firewall_open", case(**CHILD, fear="fear"), False),
        ("several_people", case(**CHILD), False),
        ("agreement", case(**CHILD, nationality="AF", residence_country="TR", feared=["AF"], fear="asylum"), True),
        ("agreement", case(**CHILD, nationality="AF", residence_country="TR", fear="asylum"), False),
        ("adult_consent", case(PAPERS, age=40), True),
        ("adult_consent", case(PAPERS, **CHILD), False),
        ("exploited_as_child", case(PAPERS, age=21, exploited_as_child="yes"), True),
        ("exploited_as_child", case(PAPERS, age=21), False),
        ("beside_parent", case(PAPERS, age=1, dependent="yes"), True),
    ],
)
def test_a_rule_fires(rule: str, report: Data, fires: bool) -> None:
    assert (rule in fired(report)) is fires


def test_every_rule_has_words_and_a_source() -> None:
    assert set(_table()["rules"]) == set(ON_TOP)
    reports = [
        *(r for r, _ in TABLE.values()),
        case(PAPERS, age=17, **ABROAD, danger="yes", missing="now", offences="held", fear="fear", nationality="SY"),
    ]
    for report in reports:
        for rule in decide(report, report["persons"][0], HERE).rules:
            assert rule.text and "{" not in rule.text
            assert any(rule.source.startswith(known) for known in sources().values())


def test_several_people_have_a_record_and_a_route_each() -> None:
    report = case(PAPERS, age=34, **ABROAD)
    person(report, age=9, residence="abroad")
    person(report, age=15, residence="here")
    assert [decide(report, p, HERE).route for p in report["persons"]] == ["nrm_adult", "nfp", "nrm_child"]
    assert routes_of(report, HERE) == ["nrm_adult", "nfp", "nrm_child"]
    assert all("several_people" in fired(report, n) for n in range(3))


def test_a_small_child_beside_a_trafficked_mother_has_an_own_record_and_route() -> None:
    report = case(PAPERS, age=24, **ABROAD)
    person(report, age=1, residence="abroad", dependent="yes")
    assert [decide(report, p, HERE).route for p in report["persons"]] == ["nrm_adult", "nfp"]
    put(report, "link_checked", "yes", source="answer")
    assert decide(report, report["persons"][1], HERE).route == "child_protection"


def test_an_adult_who_declines_is_not_sent_and_the_child_is() -> None:
    report = case(PAPERS, age=24, **ABROAD, consent="refused")
    assert routes_of(report, HERE) == ["consult"]
    person(report, age=9, residence="abroad")
    assert routes_of(report, HERE) == ["nfp"]


def test_here_is_the_place_then_the_organisation_then_the_profile() -> None:
    report = case(**CHILD)
    assert here_of(report, HERE) == HERE
    put(report, "organisation_country", "ES", source="message")
    assert here_of(report, HERE) == "ES"
    put(report, "country", "PT", source="message")
    assert here_of(report, HERE) == "PT"


def test_the_same_route_of_two_people_stands_once() -> None:
    report = case(PAPERS, **CHILD, **ABROAD)
    person(report, age=16, residence="abroad")
    assert routes_of(report, HERE) == ["nfp"]


@pytest.mark.parametrize("told", list(fields()["told"].values))
def test_a_mandatory_referral_does_not_wait_for_consent(told: str) -> None:
    assert route(case(PAPERS, **CHILD, **ABROAD, told=told)) == "nfp"


@pytest.mark.parametrize("sign", list(indicators()))
def test_one_sign_is_enough_and_none_in_the_catalogue_leaves_a_child_without_a_referral(sign: str) -> None:
    report = case(sign, **CHILD, **HOME)
    # What shows harm and no trafficking goes to child protection; urgency plays no part.
    assert route(report) == ("nrm_child" if trafficking_signs(report) else "child_protection")
    assert route(case(sign, **CHILD, **ABROAD)) == "nfp"


def test_a_doubtful_sign_of_nothing_in_particular_is_too_little_beside_a_proven_family() -> None:
    family = {"accompanied": "with_adult_relative_claimed", "link_checked": "yes"}
    for sign, doubted in (
        ("general.denies_everything", "consult"), ("risk_group.abuse_or_violence_at_home", "child_protection"),
    ):
        report = case(sign, **CHILD, **HOME, **family)
        assert route(report) == "child_protection"
        report["signs"][sign]["sure"] = False
        assert route(report) == doubted


def test_signs_of_low_urgency_count_too() -> None:
    weak = [key for key, one in indicators().items() if one.urgency == 0 and trafficking_signs(case(key, **CHILD))]
    assert weak


def test_a_sign_that_is_not_in_the_catalogue_does_not_stop_anything() -> None:
    assert route(case("old.sign_of_another_version", **CHILD, **HOME)) == "child_protection"


# The firewall (rule 3; ToR chapter 4).
def test_case_a_national_of_a_fears_a() -> None:
    wall = firewall(case(**CHILD, nationality="ER", fear="asylum"), HERE)
    assert (wall.standing, wall.known, wall.closed) == (True, True, ("ER",))


def test_case_b_national_of_a_lived_in_b_fears_a() -> None:
    # B may be asked with the child's agreement only; none is recorded before sending, so B is closed too.
    wall = firewall(case(**CHILD, nationality="AF", residence_country="TR", fear="asylum"), HERE)
    assert wall.closed == ("AF", "TR")


def test_case_c_refugee_in_b_from_a() -> None:
    wall = firewall(case(**CHILD, nationality="SY", residence_country="BG", fear="refugee"), HERE)
    assert wall.standing and wall.closed == ("BG", "SY")


def test_with_the_child_s_agreement_b_opens_and_a_never() -> None:
    wall = firewall(case(**CHILD, nationality="AF", residence_country="TR", feared=["AF"], agreed=["TR", "AF"],
                         fear="asylum"), HERE)
    assert (wall.closed, wall.on_agreement, wall.agreed) == (("AF",), ("TR",), ("TR",))
    refugee = case(**CHILD, nationality="SY", residence_country="BG", agreed=["BG", "SY"], fear="refugee")
    assert firewall(refugee, HERE).closed == ("SY",)


def test_every_country_lived_in_and_that_of_the_exploitation_can_be_feared() -> None:
    report = case(**CHILD, nationality="NG", lived_in=["NE"], exploited_in=["LY", "IT"], fear="fear")
    assert firewall(report, HERE).closed == ("IT", "LY", "NE", "NG")


def test_what_one_child_agrees_to_does_not_open_a_country_of_another() -> None:
    report = case(**CHILD, nationality="AF", residence_country="TR", feared=["AF"], agreed=["TR"], fear="asylum")
    person(report, age=9, nationality="AF", residence_country="TR")
    assert "TR" in firewall(report, HERE).closed


@pytest.mark.parametrize("fear", ["asylum", "fear", "refugee"])
def test_the_country_of_the_case_is_never_closed(fear: str) -> None:
    assert firewall(case(**CHILD, nationality="SY", residence_country=HERE, fear=fear), HERE).closed == ("SY",)
    assert firewall(case(**CHILD, nationality=HERE, fear=fear), HERE).closed == (ALL_FOREIGN,)


def test_stateless_by_the_country_of_the_home() -> None:
    assert firewall(case(**CHILD, residence_country="LB", fear="fear"), HERE).closed == ("LB",)


def test_fear_without_any_known_country_closes_all() -> None:
    wall = firewall(case(**CHILD, fear="fear"), HERE)
    assert (wall.standing, wall.closed, closed_in_words(wall)) == (True, (ALL_FOREIGN,), "any foreign country")
    assert firewall(_with(new_report(), "fear", "fear"), HERE).closed == (ALL_FOREIGN,)


def test_closed_countries_of_several_people_are_one_set() -> None:
    report = case(**CHILD, nationality="SY", fear="fear")
    person(report, age=10, nationality="IQ")
    assert firewall(report, HERE).closed == ("IQ", "SY")
    # Of the third nothing is known, so no foreign country can be left open for them.
    person(report, age=8)
    assert firewall(report, HERE).closed == (ALL_FOREIGN,)


def test_nationalities_read_for_a_group_are_all_closed() -> None:
    report = case(**CHILD, fear="fear")
    report["several_nationalities"] = ["IQ", "SY"]
    assert firewall(report, HERE).closed == ("IQ", "SY")


@pytest.mark.parametrize("fear", [None, "unknown", "not_yet", "not_safe"])
def test_not_asked_or_not_known_closes_every_foreign_country(fear: str | None) -> None:
    values = {"fear": fear} if fear else {}
    wall = firewall(case(**CHILD, nationality="MD", **values), HERE)
    assert (wall.standing, wall.known, wall.closed) == (False, False, (ALL_FOREIGN,))


def _with(report: Data, field: str, new: Any, source: str = "answer", status: str = "stated") -> Data:
    put(report, field, new, source=source, words="said", status=status)
    return report


def test_only_the_question_answered_opens_a_country() -> None:
    for source in ("answer", "officer"):
        wall = firewall(_with(case(**CHILD, nationality="MD"), "fear", "denied", source), HERE)
        assert (wall.standing, wall.known, wall.closed) == (False, True, ())
    for status in ("stated", "denied", "hedged"):
        wall = firewall(_with(case(**CHILD, nationality="MD"), "fear", "denied", "message", status), HERE)
        assert (wall.standing, wall.known, wall.closed) == (False, False, (ALL_FOREIGN,))


def test_a_denial_in_a_message_does_not_take_a_stated_fear_back() -> None:
    report = case(**CHILD, nationality="MD", fear="asylum")
    take(
        report,
        {
            "about_a_person": True,
            "people": [],
            "signs": [],
            "facts": [{"field": "fear", "value": "denied", "status": "stated", "words": "not afraid"}],
        },
    )
    assert firewall(report, HERE).standing


def test_the_rule_names_the_closed_countries() -> None:
    report = case(PAPERS, **CHILD, nationality="SY", residence_country="BG", fear="refugee")
    [rule] = [r for r in decide(report, report["persons"][0], HERE).rules if r.id == "firewall"]
    assert country_name("SY") in rule.text and country_name("BG") in rule.text
    assert country_name("QZ") == "Norvania" and country_name("QY") == "QY"


# What must hold for every report.
def _decisions(report: Data) -> list[str]:
    return [decide(report, p, HERE).route for p in report["persons"]]


@settings(max_examples=150, deadline=None)
@given(reports())
def test_every_person_has_a_route_and_a_reason(report: Data) -> None:
    for one in report["persons"]:
        made = decide(report, one, HERE)
        assert made.route in ROUTES
        assert made.title and made.rules and made.rules[0].text and made.rules[0].source


@settings(max_examples=150, deadline=None)
@given(reports())
def test_a_presumed_child_never_goes_the_way_of_adults_and_an_adult_never_that_of_children(report: Data) -> None:
    for one, found in zip(report["persons"], _decisions(report), strict=True):
        if presumed_child(one) is False:
            assert found in ("nrm_adult", "consult")
        else:
            assert found != "nrm_adult"


@settings(max_examples=150, deadline=None)
@given(reports())
def test_a_child_with_a_sign_is_always_referred(report: Data) -> None:
    if trafficking_signs(report):
        for one, found in zip(report["persons"], _decisions(report), strict=True):
            assert found == "nrm_adult" if presumed_child(one) is False else found in ("nfp", "nrm_child")


@settings(max_examples=150, deadline=None)
@given(reports(), st.sampled_from(sorted(indicators())))
def test_one_more_sign_never_takes_a_referral_away(report: Data, sign: str) -> None:
    more = deepcopy(report)
    more["signs"][sign] = {"seen": "observed", "words": "seen", "sure": True}
    for before, after in zip(_decisions(report), _decisions(more), strict=True):
        assert after != "consult" or before == "consult"
        assert before != "nfp" or after == "nfp"


@settings(max_examples=150, deadline=None)
@given(reports(), st.sampled_from(sorted(indicators())))
def test_a_denied_sign_changes_nothing(report: Data, sign: str) -> None:
    report["signs"].pop(sign, None)
    denied = deepcopy(report)
    denied["signs"][sign] = {"seen": "denied", "words": "no", "sure": True}
    for one, other in zip(report["persons"], denied["persons"], strict=True):
        assert decide(report, one, HERE) == decide(denied, other, HERE)
    assert sign not in signs_present(denied)


@settings(max_examples=150, deadline=None)
@given(reports())
def test_the_child_s_answer_changes_no_route(report: Data) -> None:
    routes = {tuple(_decisions(_with(deepcopy(report), "told", told))) for told in fields()["told"].values}
    assert len(routes) == 1


@settings(max_examples=150, deadline=None)
@given(reports())
def test_a_country_is_open_only_where_the_question_was_answered_with_no(report: Data) -> None:
    wall = firewall(report, HERE)
    entry = report["values"].get("fear", {})
    answered_no = entry.get("value") == "denied" and entry.get("source") == "answer"
    assert bool(wall.closed) is not answered_no
    assert HERE not in wall.closed
    if wall.standing and ALL_FOREIGN not in wall.closed:
        own = {
            p["values"].get(f, {}).get("value") for p in report["persons"] for f in ("nationality", "residence_country")
        }
        assert own - {None, HERE} == set(wall.closed)


def test_no_text_tells_that_there_is_nothing_to_do() -> None:
    said = [*texts().values(), *(row["because"] for row in _table()["rows"]), *_table()["titles"].values()]
    for text in said:
        low = text.lower()
        for wrong in (
            "nothing to do",
            "no need to",
            "no action",
            "not a victim",
            "no case",
            "case closed",
            "all clear",
        ):
            assert wrong not in low, text
    consult = [texts()["summary_consult"], *(r["because"] for r in _table()["rows"] if r["route"] == "consult")]
    assert all("clears nobody" in text and "person on duty" in text for text in consult)


@pytest.mark.parametrize(
    ("about", "expected"), [({"age": 40}, "consult"), ({"child": "unclear"}, "nfp"), (CHILD, "nfp")]
)
def test_traces_of_others_refer_no_adult_and_never_hold_up_a_child(about: dict[str, Any], expected: str) -> None:
    assert route(case(PAPERS, **about, victims_met="no")) == expected
    assert route(case(PAPERS, age=40, victims_met="yes")) == "nrm_adult"
