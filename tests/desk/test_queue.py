"""The queue with more cases than one page holds: in order, each on one page, and only what is shown is opened."""
from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.conversations.messages import add_message
from bot.conversations.tables import Conversation
from bot.database import now, writing
from bot.desk import queue as queue_module
from bot.desk.queue import Page, bell, queue
from bot.protocol.report import put
from bot.referrals import claims, decisions, reports
from bot.referrals.tables import Case, Report
from bot.security import sealed
from bot.security.accounts import MANAGER
from bot.security.tables import Account
from tests.desk_world import Desk, Sample, Store, appoint, make_account, make_case

ADULT = [{"age": 30, "child": "no", "sex": "female"}]


@pytest.fixture
def ana(store: Store) -> Account:
    return make_account(store.writing, "duty", "Ana Marin")[0]


@pytest.fixture(autouse=True)
def two_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "SHOWN", 2)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The contents of reports that are opened, by the report's id."""
    found: list[str] = []
    really = sealed.open_

    def open_(key: bytes, key_id: str, column: str, record: str, blob: bytes) -> bytes:
        if column == "reports.data":
            found.append(record)
        return really(key, key_id, column, record, blob)

    monkeypatch.setattr(sealed, "open_", open_)
    return found


def page(store: Store, account: Account, shown: str = "", number: int = 1) -> Page:
    with store.sessions() as session:
        return queue(session, account, shown, number)


def all_pages(store: Store, account: Account, shown: str = "") -> list[str]:
    first = page(store, account, shown)
    return [item.case.id for number in range(1, first.pages + 1) for item in page(store, account, shown, number).items]


def claimed(store: Store, account: Account, chat: str, writes: str | None = None, **more: bool) -> Sample:
    """Make a case that an officer has; afterwards the chat is in a state, and somebody has written last."""
    sample = make_case(store.writing, **more)
    with store.writing() as session:
        claims.claim(session, sample.case, account)
        conversation = session.get(Conversation, sample.conversation)
        conversation.state = chat
        if writes:
            add_message(session, conversation, writes, "words")
    return sample


def test_who_wants_somebody_comes_first_then_danger_then_who_waits_longest(store: Store, ana: Account) -> None:
    made = {
        "answered": claimed(store, ana, "human", "human"),
        "with the bot again": claimed(store, ana, "bot", "responder"),
        "danger, answered": claimed(store, ana, "human", "human", danger=True),
        "later": make_case(store.writing),
        "not answered": claimed(store, ana, "human", "responder"),
        "asks again": claimed(store, ana, "waiting"),
        "earlier": make_case(store.writing, sent=True),
        "danger": make_case(store.writing, danger=True),
        "danger, not answered": claimed(store, ana, "human", "responder", danger=True),
    }
    order = ["danger, not answered", "danger", "earlier", "asks again", "not answered", "later", "danger, answered",
             "with the bot again", "answered"]
    with store.writing() as session:
        for hours, name in enumerate(reversed(order)):
            at = now() - timedelta(hours=hours)
            session.execute(update(Case).where(Case.id == made[name].case).values(opened_at=at))
    assert all_pages(store, ana) == [made[name].case for name in order]
    with store.sessions() as session:
        # What rings is what nobody has, or asks for a person again.
        assert bell(session, ana) == queue_module.Bell(ringing=4, danger=1)


def test_each_case_is_on_one_page_and_counted_once(store: Store, ana: Account) -> None:
    children = [make_case(store.writing, sent=place % 2 == 0).case for place in range(5)]
    adults = [make_case(store.writing, sent=place % 2 == 0, people=ADULT).case for place in range(3)]
    own = claimed(store, ana, "human").case
    counts = page(store, ana).counts
    assert (counts.total, counts.mine, counts.of("nfp"), counts.of("nrm_adult")) == (9, 1, 6, 3)
    for shown, expected in (("", [*children, *adults, own]), ("nfp", [*children, own]), ("nrm_adult", adults),
                            ("mine", [own])):
        assert sorted(all_pages(store, ana, shown)) == sorted(expected), shown
    assert page(store, ana, "", 99).number == page(store, ana).pages == 5


def test_only_what_is_shown_is_opened(store: Store, ana: Account, opened: list[str]) -> None:
    for place in range(8):
        make_case(store.writing, sent=place % 2 == 0)
    page(store, ana)
    opened.clear()
    for shown in ("", "nfp"):
        assert len(page(store, ana, shown).items) == 2
    assert len(opened) == 4


def test_a_contact_is_counted_where_its_report_now_goes(store: Store, ana: Account) -> None:
    sample = make_case(store.writing)
    assert page(store, ana).counts.routes == {"nfp": 1}
    with store.writing() as session:
        report = session.get(Report, sample.report)
        content = deepcopy(report.data)
        put(content, "age", 30, source="answer", person=content["persons"][0])
        put(content, "child", "no", source="answer", person=content["persons"][0])
        reports.store_content(session, report.id, report.version, content)
    assert page(store, ana).counts.routes == {"nrm_adult": 1}
    assert all_pages(store, ana, "nrm_adult") == [sample.case]


def test_a_case_manager_opens_only_their_own(store: Store, ana: Account, opened: list[str]) -> None:
    manager, _ = make_account(store.writing, MANAGER, "Ion Popa")
    made = [claimed(store, ana, "human", sent=True) for _ in range(4)]
    with store.writing() as session:
        for place, sample in enumerate(made):
            decisions.decide(session, sample.case, ana, "accept")
            name = "Ion Popa" if place == 0 else "Mira Holm"
            decisions.name_case_manager(session, sample.case, ana, [], name, "Child agency")
        session.get(Case, made[1].case).decision = "need_more"
    # Named, but not accepted.
    appoint(store.writing, made[1], "Ion Popa", "nfp")
    opened.clear()
    assert all_pages(store, manager) == [made[0].case]
    assert set(opened) == {made[0].report} and page(store, manager).counts.total == 1
    appoint(store.writing, made[0], "Mira Holm", "nfp")
    assert all_pages(store, manager) == []


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "1.5", "²", "9" * 40])
def test_a_page_that_is_none_is_the_first_or_the_last(desk: Desk, number: str) -> None:
    samples = [make_case(writing) for _ in range(3)]
    ana = desk.signed_in()
    answer = ana.client.get("/desk", params={"page": number})
    assert answer.status_code == 200 and "Page 1 of " in answer.text
    assert "page=2" in answer.text and all(sample.case in ana.queue() for sample in samples)
    last = ana.client.get("/desk", params={"page": "999999999"})
    assert last.status_code == 200 and ">Next<" not in last.text and ">Before<" in last.text
