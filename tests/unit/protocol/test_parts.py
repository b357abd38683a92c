"""A part of a report: what one service may read beside the persons of another; its firewall opens nothing."""
from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.protocol.catalogue import fields
from bot.protocol.parts import part_of
from bot.protocol.profile import ROUTES
from bot.protocol.record import build_part
from bot.protocol.report import Data
from bot.protocol.routes import ALL_FOREIGN, firewall, linked_countries, routes_by_person
from tests.protocol_cases import ADULT, CHILD, HERE, SIGN, case, reports

GIRL, MAN = "nfp", "nrm_adult"


def mixed(girl: Data, man: Data, **values: str) -> Data:
    return case({**CHILD, **girl}, {**ADULT, **man}, signs=(SIGN,), **values)


@pytest.mark.parametrize("routes", [None, [GIRL, MAN], [GIRL, MAN, "consult"]])
def test_whoever_has_all_persons_has_all(routes: list[str] | None) -> None:
    report = mixed({}, {})
    part = part_of(report, HERE, routes)
    assert part.whole and part.content is report and part.persons == {"p1", "p2"}


@pytest.mark.parametrize(("routes", "persons"), [
    ([GIRL], {"p1"}), ([MAN], {"p2"}), ([], set()), (["nrm_child"], set()),
])
def test_beside_others_nothing_that_speaks_of_all_is_left(routes: list[str], persons: set[str]) -> None:
    kept = {"place", "danger"}
    report = mixed({}, {}, place="at the port", danger="no", wishes="Zorvina", more="Zorvina", tonight="hospital",
                   offences="yes", fear="fear")
    report.update(account=["said"], possible_controller=True)
    part = part_of(report, HERE, routes)
    assert not part.whole and part.persons == persons
    assert {person["id"] for person in part.content["persons"]} == persons
    assert set(part.content["values"]) == kept and part.content["possible_controller"]
    assert not part.content["signs"] and not part.content["account"]
    assert "said" not in json.dumps(part.content) and "said" in json.dumps(report)
    assert "said" not in json.dumps(build_part(report, part, HERE))


def test_no_free_words_and_nothing_of_wishes_fears_signs_and_law_is_common() -> None:
    common = {field.id: field for field in fields().values() if field.common}
    assert {field.scope for field in common.values()} == {"report"}
    assert not {field.section for field in common.values()} & {"firewall", "signs", "views", "law"}
    texts = {field.id for field in common.values() if field.kind == "text"}
    # The adult around may be another person of the report, so nothing of theirs is common either.
    assert texts == {"place", "seen_at", "organisation", "vehicle", "plate"}
    assert not {key for key in common if key.startswith("adult")}


def test_nobody_described_is_read_by_whoever_advises_alone() -> None:
    assert part_of(case(), HERE, ["consult"]).whole and not part_of(case(), HERE, [GIRL]).whole


def test_the_rules_name_no_country_of_somebody_else() -> None:
    report = mixed({"nationality": "MD", "feared": ["MD"]}, {"nationality": "AL", "feared": ["AL"]}, fear="fear")
    for route, own, other in ((GIRL, "MD", "AL"), (MAN, "AL", "MD")):
        part = part_of(report, HERE, [route])
        assert part.wall.closed == (own,)
        written = json.dumps(build_part(report, part, HERE))
        assert f'"{other}"' not in written and {"MD": "Moldova", "AL": "Albania"}[other] not in written


@pytest.mark.parametrize(("girl", "man", "closed"), [
    # It is not known of whom a country is that was read with doubt: nothing opens for either.
    ({"nationality": "MD"}, {}, (ALL_FOREIGN,)),
    # The man agrees that a country is asked which the girl fears.
    ({"nationality": "MD", "feared": ["MD"]}, {"nationality": "AL", "feared": ["AL"], "lived_in": ["MD"],
                                               "agreed": ["MD"]}, ("AL", "MD")),
    # He agrees for himself to what others have not agreed to.
    ({"nationality": "MD"}, {"nationality": "AL", "feared": ["AL"], "lived_in": ["IT"], "agreed": ["IT"]},
     ("AL", "IT")),
])
def test_nothing_opens_that_is_closed_for_the_report(girl: Data, man: Data, closed: tuple[str, ...]) -> None:
    assert part_of(mixed(girl, man, fear="fear"), HERE, [MAN]).wall.closed == closed


@settings(max_examples=300, deadline=None)
@given(reports(), st.sets(st.sampled_from(ROUTES)), st.sets(st.sampled_from(["MD", "SY", "AL"])))
def test_the_firewall_is_as_strict_for_whom_they_see(report: Data, routes: set[str], feared: set[str]) -> None:
    if feared:
        report["persons"][-1]["values"]["feared"] = {"value": sorted(feared), "status": "stated", "source": "officer",
                                                     "words": ""}
    part, whole = part_of(report, HERE, routes), firewall(report, HERE)
    each = routes_by_person(report, HERE)
    assert part.persons == ({one for one in each if each[one] in routes} if not part.whole else set(each))
    theirs = [person for person in report["persons"] if person["id"] in part.persons]
    linked = set().union(*(linked_countries(person, HERE) for person in theirs))
    if ALL_FOREIGN in whole.closed:
        assert part.wall.closed == (ALL_FOREIGN,)
    elif ALL_FOREIGN not in part.wall.closed:
        assert linked & set(whole.closed) <= set(part.wall.closed)
        assert part.whole or set(part.wall.closed) | set(part.wall.on_agreement) <= linked
    for person in theirs:
        [written] = [one for one in build_part(report, part, HERE)["persons"] if one["id"] == person["id"]]
        assert written["route"] == each[person["id"]], "the route is decided by the whole report"
