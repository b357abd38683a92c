"""A case manager is named for routes: who that is, what changes with a person's route, and what is found."""
from __future__ import annotations

import json
import uuid
from copy import deepcopy
from html import unescape

import pytest

from bot.database import reading, writing
from bot.desk.queue import queue
from bot.desk.rendering import texts
from bot.protocol.report import put
from bot.referrals import cases, claims, decisions, holds, reports, talk
from bot.referrals.appointments import appointments_of
from bot.referrals.clearing import Clearing
from bot.referrals.erasure import erase
from bot.referrals.tables import Appointment, Case, Report
from bot.security import audit
from bot.security.accounts import MANAGER
from bot.security.certificates import of_record
from bot.security.tables import Account
from tests import planted
from tests.desk_world import Browser, Desk, Sample, Store, appoint, make_account, make_case, told_to
from tests.mixed_case import GIRL, OF_ALL, OWN, WOMAN, mixed_case

pytestmark = pytest.mark.usefixtures("leaves_no_case_waiting")
PAIR = [{"age": 14, "child": "yes", "nationality": "MD"}, {"age": 30, "child": "no"}]


@pytest.fixture
def mira(desk: Desk) -> Browser:
    return desk.signed_in(MANAGER, f"Mira Holm {uuid.uuid4().hex[:6]}")


def named(store: Store, sample: Sample) -> dict[str, str]:
    with store.writing() as session:
        return {one.route: one.manager for one in appointments_of(session, sample.case)}


def ages(sample: Sample, age: int) -> None:
    """Have an officer find out by phone how old the first person is."""
    officer, _ = make_account(writing, "duty", "Jon Berg")
    with writing() as session:
        claims.claim(session, sample.case, officer)
        version = session.get(Report, sample.report).version
        child = "yes" if age < 18 else "no"
        talk.enter_answers(session, sample.case, officer, {("p1", "age"): str(age), ("p1", "child"): child}, version)
        claims.release(session, sample.case, officer)


@pytest.fixture
def ana(store: Store) -> Account:
    return make_account(store.writing, "duty", "Ana Marin")[0]


def test_a_case_manager_is_named_for_routes_and_the_others_keep_theirs(store: Store, ana: Account) -> None:
    sample = make_case(store.writing, sent=True, people=PAIR)

    def name(routes: list[str], manager: str) -> tuple[int, int]:
        """Name somebody, and give how much the responder was told and the trail has of it."""
        with store.writing() as session:
            decisions.name_case_manager(session, sample.case, ana, routes, manager, "Agency")
            noted = [entry.action for entry in audit.trail(session, [sample.case])].count("case.manager")
        return sum(text.startswith("Case manager") for text in told_to(store.writing, sample.conversation)), noted

    with store.writing() as session:
        claims.claim(session, sample.case, ana)
    for wrong in ([], ["nrm_child"], [GIRL, "nrm_child"], ["x" * 50]):
        with pytest.raises(cases.NotSaid, match="route"):
            name(wrong, "Ion Popa")
    assert named(store, sample) == {}
    assert name([GIRL, WOMAN], "Ion Popa") == (1, 1)
    assert name([WOMAN], "Mira Holm") == name([WOMAN], "Mira Holm") == name([GIRL, GIRL], "Ion Popa") == (2, 2)
    assert named(store, sample) == {GIRL: "Ion Popa", WOMAN: "Mira Holm"}
    with store.writing() as session:
        report = session.get(Report, sample.report)
        said = reports.state_in_words(session, report)
        assert "case manager: Ion Popa, Agency; case manager: Mira Holm, Agency" in said
        assert reports.record_of(session, report)["desk"]["case_managers"] == [
            {"route": GIRL, "name": "Ion Popa", "organisation": "Agency"},
            {"route": WOMAN, "name": "Mira Holm", "organisation": "Agency"}]
    assert name([WOMAN, GIRL], "Mira Holm") == (3, 3)
    with store.writing() as session:
        assert reports.state_in_words(session, session.get(Report, sample.report)).count("case manager: ") == 1


def test_the_form_asks_for_routes_where_there_are_several(desk: Desk) -> None:
    ana, alone, two = desk.signed_in(), make_case(writing, sent=True), make_case(writing, sent=True, people=PAIR)
    for sample in (alone, two):
        ana.act(sample.case, "claim")
    box = '<input type="checkbox" name="route" value="'
    assert box not in ana.client.get(f"/desk/case/{alone.case}").text
    page = ana.client.get(f"/desk/case/{two.case}").text
    assert page.count(box) == page.count(f'{box}{GIRL}" checked>') + page.count(f'{box}{WOMAN}" checked>') == 2
    who = {"manager": "Ion Popa", "organisation": "Agency"}
    assert ana.act(alone.case, "manager", **who).status_code == 303
    for refused in ({}, {"route": "nrm_child"}):
        answer = ana.act(two.case, "manager", **who, **refused)
        assert answer.status_code == 422 and texts()["missing_inputs"]["route"] in unescape(answer.text)
        assert f'{box}{GIRL}" checked>' not in answer.text and 'value="Ion Popa"' in answer.text
    assert ana.act(two.case, "manager", **who, route=[WOMAN]).status_code == 303
    page = ana.client.get(f"/desk/case/{two.case}").text
    assert page.count("now Ion Popa, Agency") == 1 and 'name="manager" required maxlength="120" value=""' in page
    assert ana.act(two.case, "manager", **who, route=[WOMAN, GIRL]).status_code == 303
    page = ana.client.get(f"/desk/case/{two.case}").text
    assert page.count("now Ion Popa, Agency") == 2 and 'maxlength="120" value="Ion Popa"' in page


def test_a_case_manager_sees_the_persons_whose_route_is_theirs_now(mira: Browser) -> None:
    sample = mixed_case()
    appoint(writing, sample, mira.account.display_name, GIRL)
    page = f"/desk/case/{sample.case}"
    assert OWN[GIRL][1] in mira.client.get(page).text
    ages(sample, 19)
    shown = mira.client.get(page)
    assert shown.status_code == 200 and texts()["people"]["elsewhere"] in shown.text.lower()
    assert not [word for word in (*OWN[GIRL], *OWN[WOMAN], *OF_ALL) if word in shown.text]
    assert mira.client.get(f"{page}/print?route={GIRL}").status_code == 404
    assert mira.post("/desk/find", typed=planted.CHILD).status_code == 404
    line = mira.client.get("/desk").text
    assert sample.case in line and texts()["people"]["elsewhere"] in line and "Gagauz" not in line
    ages(sample, 14)
    assert OWN[GIRL][1] in mira.client.get(page).text


def test_whoever_has_all_routes_reads_all_until_somebody_is_on_another(mira: Browser) -> None:
    sample = make_case(writing, sent=True, text="Morvane at the weir")
    appoint(writing, sample, mira.account.display_name, GIRL)
    with writing() as session:
        session.get(Case, sample.case).decision = "accept"
    assert "Morvane" in mira.client.get(f"/desk/case/{sample.case}").text
    with writing() as session:
        report = session.get(Report, sample.report)
        content = deepcopy(report.data)
        content["persons"].append({"id": "p2", "count": 1, "values": {}})
        put(content, "age", 40, source="message", words="Morvane", person=content["persons"][1])
        reports.store_content(session, report.id, report.version, content)
    for page in ("", f"/print?route={GIRL}"):
        assert "Morvane" not in mira.client.get(f"/desk/case/{sample.case}{page}").text


def test_a_legal_hold_shows_without_its_reason_beside_others(mira: Browser) -> None:
    sample = mixed_case()
    appoint(writing, sample, mira.account.display_name, GIRL)
    chief, _ = make_account(writing, "supervisor", "Eva Lund")
    with writing() as session:
        holds.set_hold(session, sample.case, chief, "Hollinquay asks for it")
    page = mira.client.get(f"/desk/case/{sample.case}").text
    assert "Legal hold since" in page and "Hollinquay" not in page
    appoint(writing, sample, mira.account.display_name, WOMAN)
    assert "Hollinquay" in mira.client.get(f"/desk/case/{sample.case}").text


def test_a_case_is_found_by_the_sound_of_their_person_and_by_nobody_elses(mira: Browser) -> None:
    """The same name at another person of the case hides no hit by what is their person's own."""
    called = f"Zo{uuid.uuid4().hex[:8].translate(str.maketrans('0123456789abcdef', 'bcdfghjklmnprstv'))}a"
    sample = make_case(writing, sent=True, people=[{**PAIR[0], "name": called.replace("Zo", "Zó") + " Rawens"},
                                                   {**PAIR[1], "name": f"{called} Ravens"}],
                       values={"adult_name": "Corvin Ashgrove", "plate": f"QZ{called[2:7]}"})
    appoint(writing, sample, mira.account.display_name, GIRL)
    with writing() as session:
        session.get(Case, sample.case).decision = "accept"
    assert mira.post("/desk/find", typed=f"{called} Ravens").text.count(texts()["found"]["sound"]) == 1
    for typed in ("Corvin Ashgrove", f"QZ{called[2:7]}"):
        answer = mira.post("/desk/find", typed=typed)
        assert answer.status_code == 404 and 'id="found"' not in answer.text, typed
    appoint(writing, sample, mira.account.display_name, WOMAN)
    assert mira.post("/desk/find", typed="Corvin Ashgrove").status_code == 200


def test_other_cases_are_alike_by_their_persons_alone(mira: Browser) -> None:
    def made(girl: str, woman: str) -> Sample:
        sample = make_case(writing, sent=True, people=[{**PAIR[0], "phone": girl}, {**PAIR[1], "phone": woman}])
        with writing() as session:
            session.get(Case, sample.case).decision = "accept"
        appoint(writing, sample, mira.account.display_name, GIRL)
        return sample

    def liked(sample: Sample) -> set[str]:
        part = mira.client.get(f"/desk/case/{sample.case}").text.partition('id="alike"')[2].partition("</article>")[0]
        return {name for name, one in others.items() if one.case in part}

    one, two, three = (f"+35191{uuid.uuid4().int % 10**7:07}" for _ in range(3))
    sample = made(one, two)
    others = {"her phone": made(one, three), "the woman's phone": made(three, two),
              "hers is the woman's": made(two, one)}
    assert liked(sample) == {"her phone"}
    for other in (sample, *others.values()):
        appoint(writing, other, mira.account.display_name, WOMAN)
    assert liked(sample) == set(others)


def test_the_queue_counts_the_routes_that_are_theirs(mira: Browser) -> None:
    girl, both, closed = mixed_case(), mixed_case(), mixed_case()
    for sample, routes in ((girl, [GIRL]), (both, [GIRL, WOMAN]), (closed, [WOMAN])):
        appoint(writing, sample, mira.account.display_name, *routes)
    with writing() as session:
        session.get(Case, closed.case).state = "closed"
    with reading() as session:
        counts = queue(session, mira.account).counts
        assert (counts.total, counts.routes) == (2, {GIRL: 2, WOMAN: 1})
        assert [item.case.id for item in queue(session, mira.account, WOMAN).items] == [both.case]
        [line] = [item for item in queue(session, mira.account, GIRL).items if item.case.id == girl.case]
        assert ([route for route, _ in line.routes], line.people) == ([GIRL], "girl, about 14")


def test_a_record_that_is_over_its_time_takes_them_with_it(mira: Browser) -> None:
    sample = mixed_case()
    appoint(writing, sample, mira.account.display_name, GIRL, WOMAN)
    with writing() as session:
        clearing = Clearing(session, "jobs", "referral")
        clearing.record(session.get(Report, sample.report))
        assert clearing.counts["appointments"] == 2
    with reading() as session:
        assert session.query(Appointment).filter_by(case_id=sample.case).all() == []


def test_an_erased_case_names_nobody_and_the_certificate_counts_them(mira: Browser) -> None:
    sample = mixed_case()
    appoint(writing, sample, mira.account.display_name, GIRL, WOMAN)
    with writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    with reading() as session:
        assert appointments_of(session, sample.case) == []
        rows = session.query(Appointment).filter_by(case_id=sample.case).all()
        assert [(row.blank, row.manager_hash) for row in rows] == [(True, None)] * 2
        assert reports.record_of(session, session.get(Report, sample.report))["desk"]["case_managers"] == []
        [certificate] = of_record(session, [sample.report], None)
        assert json.loads(certificate.counts)["appointments"] == 2
    assert mira.client.get(f"/desk/case/{sample.case}").status_code == 404
