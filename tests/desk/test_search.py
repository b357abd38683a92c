"""The desk finds cases by name, date of birth, phone and plate; it shows no more than the queue, and notes no word."""
from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from bot.database import now, reading, writing
from bot.desk.rendering import texts
from bot.referrals import claims, talk
from bot.referrals import search as finder
from bot.referrals.erasure import erase
from bot.referrals.reports import amend
from bot.referrals.search import alike
from bot.referrals.tables import Case, Report, SearchToken
from bot.security.tables import AuditEntry
from tests import planted
from tests.desk_world import Browser, Desk, Sample, appoint, make_account, make_case

pytestmark = pytest.mark.usefixtures("leaves_no_case_waiting")
LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnprstv")


@pytest.fixture
def ana(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Ana Marin")


def name() -> str:
    """Draw a name that no other test has."""
    return f"Zo{uuid.uuid4().hex[:8].translate(LETTERS)}a {planted.CHILD.split()[1]}"


def phone() -> str:
    return f"+35191{uuid.uuid4().int % 10**7:07}"


def entered(sample: Sample, **values: str) -> Sample:
    """Have an officer enter values from a call, and put the case back."""
    officer, _ = make_account(writing, "duty", "Jon Berg")
    with writing() as session:
        claims.claim(session, sample.case, officer)
        of_person = {"name", "born", "phone", "stay"}
        talk.enter_answers(session, sample.case, officer, {
            ("p1" if field in of_person else None, field): one for field, one in values.items()
        }, session.get(Report, sample.report).version)
        claims.release(session, sample.case, officer)
    return sample


def with_values(**values: str) -> Sample:
    return entered(make_case(writing, sent=True), **values)


def found(browser: Browser, typed: str, *samples: Sample) -> list[bool]:
    """Tell for each case whether the list of what was found shows it."""
    page = browser.post("/desk/find", typed=typed)
    part = page.text[page.text.index('id="found"'):] if page.status_code == 200 else ""
    assert page.status_code in (200, 404)
    return [f"/desk/case/{sample.case}" in part for sample in samples]


def looked(browser: Browser, action: str) -> list[str | None]:
    with reading() as session:
        query = select(AuditEntry.subject).filter_by(actor=browser.account.name, action=action).order_by(AuditEntry.id)
        return list(session.execute(query).scalars())


@pytest.mark.parametrize(("field", "made", "typed"), [
    ("name", name, str.upper), ("adult_name", name, lambda told: told.split()[0]), ("phone", phone, str),
    ("adult_phone", phone, lambda told: "00" + told[1:]), ("call_back", phone, str),
    ("plate", lambda: f"QZ {uuid.uuid4().hex[:6]}", lambda told: told.replace(" ", "-").lower()),
])
def test_a_case_is_found_by_what_a_field_holds(ana: Browser, field: str, made: Any, typed: Any) -> None:
    told = made()
    sample, other = with_values(**{field: told}), with_values(**{field: made()})
    assert found(ana, typed(told), sample, other) == [True, False]


def test_a_case_is_found_by_its_date_of_birth(ana: Browser) -> None:
    sample, other = with_values(born="03.07.2012"), with_values(born="2012-07-04")
    assert found(ana, "3 July 2012", sample, other) == [True, False]


def test_a_case_is_found_by_a_phone_in_the_story_and_by_no_name_there(ana: Browser) -> None:
    number, called = phone(), name()
    sample = make_case(writing, sent=True, text=f"Girl of 14, {called}, his phone {number}")
    assert found(ana, number, sample) == [True] and found(ana, called, sample) == [False]


def test_a_name_that_sounds_alike_is_found_after_the_same_name(ana: Browser) -> None:
    called = name()
    same, alike_one = with_values(name=called), with_values(name=called.replace("Ravens", "Rawens"))
    page = ana.post("/desk/find", typed=called).text
    assert page.index(same.case) < page.index(alike_one.case)
    assert texts()["found"]["name"] in page and texts()["found"]["sound"] in page


def test_what_changed_is_found_and_what_it_was_no_longer(ana: Browser) -> None:
    before, after = name(), name()
    sample = with_values(name=before)
    entered(sample, name=after)
    assert found(ana, before, sample) == [False] and found(ana, after, sample) == [True]
    with writing() as session:
        amend(session, sample.report, "seen again", "responder", True, None)
    assert found(ana, after, sample) == [True]


def test_closed_cases_are_found_and_the_search_changes_nothing(ana: Browser) -> None:
    called = name()
    sample = with_values(name=called)
    with writing() as session:
        case = session.get(Case, sample.case)
        case.state, case.closed_at = "closed", now()
        version = session.get(Report, sample.report).version
    assert found(ana, called, sample) == [True]
    with reading() as session:
        assert session.get(Report, sample.report).version == version
        assert session.get(Case, sample.case).state == "closed"


def test_the_list_tells_no_more_than_the_queue(ana: Browser) -> None:
    called, number = name(), phone()
    sample = with_values(name=called, phone=number, stay=planted.PLACE, born=planted.BORN, adult_name=called)
    # One's own, so that it stands on the first page however many cases there are.
    ana.act(sample.case, "claim")
    page = ana.post("/desk/find", typed=called).text
    row, in_queue = (next(row for row in shown.split("<tr")[1:] if sample.case in row).split("</tr>")[0]
                     for shown in (page, ana.client.get("/desk?show=mine").text))
    # The same line, but for times that tick.
    plain, queue = (re.sub(r"<time[^>]*>[^<]*</time>", "", one) for one in (row, in_queue))
    assert plain.replace(f"<small>found by {texts()['found']['name']}</small>", "") == queue
    for word in (called.split()[0], number, planted.PLACE, planted.BORN, planted.BORN_AS_STORED):
        assert word not in plain, word


def test_a_search_is_noted_by_kind_and_count_and_by_no_word(ana: Browser) -> None:
    called, number = name(), phone()
    with_values(name=called), with_values(name=called)
    for typed in (called, number, "?!", "04.07.1911"):
        ana.post("/desk/find", typed=typed)
    assert looked(ana, "cases.searched") == ["name 2", "phone 0", "nothing 0", "born 0"]
    with reading() as session:
        query = select(AuditEntry.action, AuditEntry.subject).filter_by(actor=ana.account.name)
        trail = str(session.execute(query).all())
    assert "cases.searched" in trail and called.split()[0] not in trail and number not in trail and "1911" not in trail


def test_a_case_manager_finds_own_cases_alone_and_counts_no_others(desk: Desk) -> None:
    called = name()
    mine, anothers = with_values(name=called), with_values(name=called)
    manager = desk.signed_in("manager", f"Mira Holm {uuid.uuid4().hex[:6]}")
    with writing() as session:
        for sample in (mine, anothers):
            session.get(Case, sample.case).decision = "accept"
    appoint(writing, anothers, "Ion Popa", "nfp")
    appoint(writing, mine, manager.account.display_name, "nfp")
    assert found(manager, called, mine, anothers) == [True, False]
    assert looked(manager, "cases.searched") == ["name 1"]
    page = manager.client.get(f"/desk/case/{mine.case}").text
    assert page.count("/desk/case/") and anothers.case not in page


@pytest.mark.parametrize("role", ["admin", "dpo"])
def test_nobody_else_searches(desk: Desk, role: str) -> None:
    called = name()
    sample = with_values(name=called)
    answer = desk.signed_in(role).post("/desk/find", typed=called)
    assert answer.status_code == 403 and sample.case not in answer.text
    assert desk.browser().post("/desk/find", data={"typed": called}).status_code == 303


def likes(sample: Sample) -> dict[str, tuple[str, bool]]:
    with reading() as session:
        report = session.get(Report, sample.report)
        return {one.report: (one.by, one.strong) for one in alike(session, report.id, report.data)}


@pytest.mark.parametrize(("mine", "theirs", "expected"), [
    ({"phone": "{phone}"}, {"adult_phone": "{phone}"}, ("phone", True)),
    ({"plate": "{plate}"}, {"plate": "{plate}"}, ("plate", True)),
    ({"name": "{name}", "born": "2012-07-03"}, {"name": "{sound}", "born": "2012-07-03"}, ("born", True)),
    ({"name": "{name} Quellmark"}, {"name": "{sound} Kwelmark"}, ("sound", False)),
    ({"name": "{name}"}, {"name": "{sound} Brackwater"}, ("sound", False)),
    ({"name": "{name} Quellmark"}, {"name": "{name} Brackwater"}, None),
    ({"born": "2012-07-03"}, {"born": "2012-07-03"}, None),
    ({"call_back": "{phone}"}, {"call_back": "{phone}"}, None),
    ({"call_back": "{phone}"}, {"phone": "{phone}"}, None),
])
def test_what_makes_two_cases_alike(desk: Desk, mine: dict[str, str], theirs: dict[str, str],
                                    expected: tuple[str, bool] | None) -> None:
    called = name().split()[0]
    drawn = {"phone": phone(), "plate": f"QZ{uuid.uuid4().hex[:6]}", "name": called,
             "sound": called.replace("Zo", "Zó")}
    one, two = (with_values(**{field: told.format(**drawn) for field, told in values.items()})
                for values in (mine, theirs))
    assert likes(one).get(two.report) == likes(two).get(one.report) == expected


def test_a_phone_in_the_words_is_a_weak_sign(desk: Desk) -> None:
    number = phone()
    told = make_case(writing, sent=True, text=f"Girl of 14, a man with the phone {number} waits outside")
    held = with_values(adult_phone=number)
    assert likes(told)[held.report] == likes(held)[told.report] == ("written", False)


def test_what_is_strong_is_not_lost_among_many_names(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "MOST", 1)
    called, number = name(), phone()
    one = with_values(name=called, phone=number, born="2012-07-03")
    others = [with_values(name=called) for _ in range(3)]
    by_phone, by_birth = with_values(name=called, adult_phone=number), with_values(name=called, born="2012-07-03")
    found = likes(one)
    assert found[by_phone.report] == ("phone", True) and found[by_birth.report] == ("born", True)
    assert sum(1 for other in others if other.report in found) <= 1


def test_the_case_page_lists_what_is_alike_the_strong_ones_first(ana: Browser) -> None:
    number, called = phone(), name()
    sample = with_values(name=called, phone=number)
    weak, strong = with_values(name=called), with_values(adult_phone=number)
    page = ana.client.get(f"/desk/case/{sample.case}").text
    part = page[page.index('id="alike"'):page.index("</article>", page.index('id="alike"'))]
    assert part.index(strong.case) < part.index(weak.case)
    assert texts()["alike"]["phone"] in part and texts()["alike"]["sound"] in part
    assert called.split()[0] not in part and number not in part and 'id="alike"' not in ana.client.get("/desk").text


def test_an_erased_record_is_found_by_nothing(ana: Browser) -> None:
    called = name()
    sample, other = with_values(name=called), with_values(name=called)
    with writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    with reading() as session:
        assert not session.execute(select(SearchToken).filter_by(report_id=sample.report)).first()
    assert found(ana, called, sample, other) == [False, True]
    assert sample.report not in likes(other)
