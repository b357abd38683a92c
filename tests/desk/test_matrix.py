"""Role by route by state of the case: what `data/access.yml` grants happens, everything else changes nothing."""
from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.conversations.tables import Conversation, Message
from bot.database import now, reading, writing
from bot.desk import access, acts
from bot.door import bot_client
from bot.protocol.profile import ROUTES as PROFILE_ROUTES
from bot.referrals.tables import Case, Hold, Report
from bot.security.accounts import DESK_ROLES, DUTY, MANAGER, ROLES, SUPERVISOR
from tests.desk_world import Browser, Desk, Sample, appoint, desk_routes, dismiss, make_account, make_case
from tests.mixed_case import GIRL, LINES, LOOKED_FOR, OF_ALL, OWN, WOMAN, mixed_case

NOBODY = "nobody"
STATES = ("open", "own", "other", "closed")
"""Not claimed; claimed by whoever asks; claimed by somebody else; closed by whoever asks."""

OPEN_TO_OTHERS = {"claim": {"open", "own"}, "acknowledge": {"open", "own", "other"}, "take_over": {"own", "other"},
                  "hold": set(STATES), "lift": set(STATES), "reveal": set(STATES)}
"""States in which an act is done whose case need not be one's own; all others are done in one's own case only."""

FORMS: dict[str, dict[str, Any]] = {
    "send": {"text": "Are you safe?"},
    "answers": {"version": "1", "report.tonight": "hospital"},
    "decide": {"decision": "need_more", "reason": "Which van?"},
    "manager": {"manager": "Ion Popa", "organisation": "Child agency"},
    "reveal": {"why": "same_child"},
    "confirm": {"route": "nfp", "by": "Ms Ray"},
    "close": {"reason": "The child is safe."},
    "hold": {"reason": "The court asks for it."},
    "lift": {"reason": "The court has ended."},
}


ROUTES = desk_routes()
WITHOUT_CASE = [one for one in ROUTES if "/case/" not in one[2] and one[0] in access.RIGHTS and one[0] != "sign_out"]
PAGES_OF_A_CASE = {"case_page": "/desk/case/{}", "print_page": "/desk/case/{}/print?route=nfp"}
EVERYBODY = [NOBODY, *ROLES]
ELSEWHERE = "Another person in this report is with another route; ask the duty desk."


@pytest.fixture(autouse=True)
def bot_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def give_back(_: str) -> None:
        return None

    monkeypatch.setattr(bot_client, "give_back", give_back)


@pytest.fixture(scope="module")
def browsers(desk: Desk) -> Iterator[dict[str, Browser]]:
    """One signed-in browser a role; afterwards no case of this module is left in the queue."""
    began = now()
    yield {role: desk.signed_in(role, f"{role} {uuid.uuid4().hex[:8]}") for role in ROLES}
    with writing() as session:
        session.execute(update(Case).where(Case.opened_at >= began).values(state="closed", closed_at=began))


@pytest.fixture(scope="module")
def holder(database: None) -> str:
    """The id of an officer who has what is not one's own."""
    return str(make_account(writing, "duty", "Jon Berg")[0].id)


@pytest.fixture(scope="module")
def untouched(database: None) -> Sample:
    """A referral on which nothing may be done in this module; only its state is set."""
    return make_case(writing, sent=True)


@pytest.fixture(scope="module")
def right(figure: Callable[[str], None]) -> Iterator[Counter[str]]:
    """How many requests were answered as the table says."""
    answered: Counter[str] = Counter()
    yield answered
    endpoints = len(WITHOUT_CASE) + len(PAGES_OF_A_CASE) + len(access.ACTS)
    figure(f"rights at the desk, {len(EVERYBODY)} roles x {endpoints} routes and acts x {len(STATES)} states: "
           f"{answered['states']} requests, {answered['foreign']} with the id of another record, and "
           f"{answered['routes']} of case managers by route, all as granted")


def set_state(sample: Sample, state: str, asking: str | None, holder: str) -> None:
    """Put a case into a state, whatever the roles of its owner may be."""
    owner = {"open": None, "own": asking or holder, "other": holder, "closed": asking or holder}[state]
    with writing() as session:
        session.execute(update(Case).where(Case.id == sample.case).values(
            state=state if state in ("open", "closed") else "claimed", owner_id=owner,
            claimed_at=now() if owner else None, closed_at=now() if state == "closed" else None,
        ))
        session.execute(update(Conversation).where(Conversation.id == sample.conversation).values(
            state="human" if state in ("own", "other") else "waiting"
        ))


def stored(sample: Sample) -> tuple[Any, ...]:
    """Give everything that an act on this case could change."""
    with reading() as session:
        case = session.execute(select(Case.__table__).where(Case.id == sample.case)).one()
        chat = session.execute(select(Conversation.state).where(Conversation.id == sample.conversation)).scalar()
        said = select(func.count(Message.id)).where(Message.conversation_id == sample.conversation)
        version = session.execute(select(Report.version).where(Report.id == sample.report)).scalar()
        holds = session.execute(select(func.count(Hold.id)).where(Hold.case_id == sample.case)).scalar()
        return (*case, chat, version, session.execute(said).scalar(), holds)


def ask(desk: Desk, browsers: dict[str, Browser], role: str, case: str, act: str) -> httpx.Response:
    """Do an act as a role, with a form that is right."""
    form = {**FORMS.get(act, {}), "own_id": uuid.uuid4().hex}
    if role == NOBODY:
        return desk.browser().post(f"/desk/case/{case}/{act}", data=form)
    return browsers[role].act(case, act, **form)


def is_granted(act: str, state: str) -> bool:
    return state == "own" if access.ACTS[act].own else state in OPEN_TO_OTHERS[act]


def test_the_table_names_every_route_and_act_and_nothing_else() -> None:
    tables = (set(access.RIGHTS), access.PUBLIC, access.ENROLLING)
    assert {name for name, _, _ in ROUTES} == set().union(*tables)
    assert sum(map(len, tables)) == len(set().union(*tables)), "a route stands in one part of the table"
    assert set(access.ACTS) == set(acts.ACTS)
    assert {name for name, rule in access.ACTS.items() if not rule.own} == set(OPEN_TO_OTHERS)
    assert {name for name, _, path in ROUTES if "/case/" in path} == {*PAGES_OF_A_CASE, "act"}


def test_the_table_shows_cases_to_nobody_but_desk_and_case_managers() -> None:
    with_cases = {"queue_page", "find", *PAGES_OF_A_CASE}
    assert set().union(*(access.RIGHTS[name] for name in with_cases)) == {*DESK_ROLES, MANAGER}
    assert access.RIGHTS["events"] | access.RIGHTS["act"] == set(DESK_ROLES)
    assert set().union(*(rule.roles for rule in access.ACTS.values())) == set(DESK_ROLES)


def test_what_is_not_in_the_table_is_refused_to_everybody(desk: Desk, browsers: dict[str, Browser],
                                                          untouched: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("queue_page", "accounts_page", "audit_page"):
        monkeypatch.delitem(access.RIGHTS, name)
    monkeypatch.delitem(access.ACTS, "claim")
    before = stored(untouched)
    for path in ("/desk", "/desk/accounts", "/desk/audit"):
        clients = [desk.browser(), *(browser.client for browser in browsers.values())]
        assert [client.get(path).status_code for client in clients] == [403] * len(clients)
    for role in ROLES:
        for act in ("claim", "no-such-act"):
            assert ask(desk, browsers, role, untouched.case, act).status_code == 403, (role, act)
    assert stored(untouched) == before


@pytest.mark.parametrize("state", ["open", "other", "closed"])
def test_the_table_alone_keeps_others_out(desk: Desk, browsers: dict[str, Browser], holder: str, untouched: Sample,
                                          state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(access.ACTS, "acknowledge", access.ActRule(frozenset({DUTY}), own=True))
    set_state(untouched, state, str(browsers[DUTY].account.id), holder)
    before = stored(untouched)
    assert ask(desk, browsers, DUTY, untouched.case, "acknowledge").status_code == 409
    assert ask(desk, browsers, SUPERVISOR, untouched.case, "acknowledge").status_code == 403
    assert stored(untouched) == before


@pytest.mark.parametrize(("name", "method", "path"), WITHOUT_CASE, ids=[name for name, _, _ in WITHOUT_CASE])
def test_routes_without_a_case(desk: Desk, browsers: dict[str, Browser], right: Counter[str], name: str, method: str,
                               path: str) -> None:
    with desk.browser().stream(method, path) as answer:
        assert (answer.status_code, answer.headers.get("location")) == (303, "/desk/sign-in")
    right["states"] += 1
    for role, browser in browsers.items():
        data = {"csrf": browser.csrf} if method == "POST" else None
        with browser.client.stream(method, path, data=data) as answer:
            assert (answer.status_code != 403) == (role in access.RIGHTS[name]), (role, answer.status_code)
            assert answer.status_code < 500 and "location" not in answer.headers, role
        right["states"] += 1


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("act", access.ACTS)
def test_acts(desk: Desk, browsers: dict[str, Browser], holder: str, untouched: Sample, right: Counter[str], act: str,
              role: str) -> None:
    asking = None if role == NOBODY else str(browsers[role].account.id)
    may = role in access.ACTS[act].roles
    for state in STATES:
        done = may and is_granted(act, state)
        sample = make_case(writing, sent=act == "confirm") if done else untouched
        if done and act == "lift":
            ask(desk, browsers, role, sample.case, "hold")
        set_state(sample, state, asking, holder)
        before = stored(sample)
        answer = ask(desk, browsers, role, sample.case, act)
        expected = 303 if done or role == NOBODY else 409 if may else 403
        assert answer.status_code == expected, (state, answer.status_code)
        if done:
            assert answer.headers["location"] == f"/desk/case/{sample.case}?done={act}", state
        else:
            assert stored(sample) == before, state
            assert role != NOBODY or answer.headers["location"] == "/desk/sign-in"
        right["states"] += 1


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", access.ACTS)
def test_acts_with_the_id_of_another_record(desk: Desk, browsers: dict[str, Browser], holder: str, untouched: Sample,
                                            right: Counter[str], act: str, role: str) -> None:
    may = role in access.ACTS[act].roles
    # Even where the case behind that record is one's own.
    set_state(untouched, "own", str(browsers[role].account.id), holder)
    before = stored(untouched)
    for foreign in (str(uuid.uuid4()), untouched.report, untouched.conversation, untouched.reference or ""):
        answer = ask(desk, browsers, role, foreign, act)
        assert answer.status_code == (404 if may else 403), (foreign, answer.status_code)
        right["foreign"] += 1
    assert stored(untouched) == before


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("page", PAGES_OF_A_CASE)
def test_pages_of_a_case(desk: Desk, browsers: dict[str, Browser], holder: str, untouched: Sample,
                         right: Counter[str], page: str, role: str) -> None:
    client = desk.browser() if role == NOBODY else browsers[role].client
    # A case manager may open the route, but nobody has named this one.
    refused = 303 if role == NOBODY else 404 if role in access.RIGHTS[page] else 403
    for state in STATES:
        set_state(untouched, state, None if role == NOBODY else str(browsers[role].account.id), holder)
        answer = client.get(PAGES_OF_A_CASE[page].format(untouched.case))
        assert answer.status_code == (200 if role in DESK_ROLES else refused), state
        assert ("passport" in answer.text) == (role in DESK_ROLES), state
        right["states"] += 1
    for foreign in (str(uuid.uuid4()), untouched.report, untouched.conversation, untouched.reference or ""):
        assert client.get(PAGES_OF_A_CASE[page].format(foreign)).status_code == refused, foreign
        right["foreign"] += 1


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("kind", "decision", "named", "sees"), [
    ("referral", "accept", True, True), ("referral", "accept", False, False), ("referral", "need_more", True, False),
    ("referral", None, True, False), ("contact", "accept", True, False),
])
def test_a_case_manager_sees_accepted_referrals_that_name_them(browsers: dict[str, Browser], holder: str, state: str,
                                                               kind: str, decision: str | None, named: bool,
                                                               sees: bool) -> None:
    manager, sample = browsers[MANAGER], make_case(writing, sent=True)
    set_state(sample, state, None, holder)
    with writing() as session:
        case = session.get(Case, sample.case)
        case.kind, case.decision = kind, decision
    appoint(writing, sample, manager.account.display_name if named else "Ion Popa", "nfp")
    for path in PAGES_OF_A_CASE.values():
        assert manager.client.get(path.format(sample.case)).status_code == (200 if sees else 404), path
    listed = manager.client.get("/desk?show=closed" if state == "closed" else "/desk").text
    assert (sample.case in listed) == sees
    found = manager.post("/desk/find", typed=sample.reference)
    assert found.status_code == (303 if sees else 404)
    for act in access.ACTS:
        assert manager.act(sample.case, act, **FORMS.get(act, {})).status_code == 403, act
    dismiss(writing, sample)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("named", [(), (GIRL,), (WOMAN,), (GIRL, WOMAN)], ids=["none", "child", "adult", "both"])
def test_a_case_manager_reads_the_persons_of_their_routes_alone(browsers: dict[str, Browser], holder: str,
                                                                right: Counter[str], named: tuple[str, ...],
                                                                state: str) -> None:
    manager, sample, other = browsers[MANAGER], mixed_case(), make_case(writing, sent=True)
    appoint(writing, sample, "Ion Popa", GIRL, WOMAN)
    appoint(writing, sample, manager.account.display_name, *named)
    set_state(sample, state, None, holder)
    others = [word for route in OWN if route not in named for word in (*OWN[route], *OF_ALL, "Ion Popa")]

    def answered(answer: httpx.Response, status: int, *words: str) -> str:
        """Check an answer: nothing in it is another route's, and what is asked for is there."""
        assert answer.status_code == status, answer.url
        text = unescape(answer.text)
        assert not [word for word in others if word in text], answer.url
        assert not [word for word in words if word not in text], answer.url
        right["routes"] += 1
        return text

    page = f"/desk/case/{sample.case}"
    own = [word for route in named for word in OWN[route]]
    told = OF_ALL if len(named) == 2 else ()
    shown = answered(manager.client.get(page), 200 if named else 404, *own, *told, *(["Ustrel Halt"] if named else []))
    assert (ELSEWHERE in shown) == (len(named) == 1)
    for route in PROFILE_ROUTES:
        answer = manager.client.get(f"{page}/print", params={"route": route})
        paper = answered(answer, *(200, *OWN[route]) if route in named else (404,))
        not_of_it = [word for one in OWN if one != route for word in (*OWN[one], *OF_ALL)]
        assert not [word for word in not_of_it if word in paper], route
    for show in ("closed",) if state == "closed" else ("", *PROFILE_ROUTES):
        text = answered(manager.client.get("/desk", params={"show": show}), 200)
        listed = bool(named) and show in ("", "closed", *named)
        assert (sample.case in text) == listed, show
        assert [route for route in LINES if LINES[route] in text] == [r for r in LINES if listed and r in named], show
        counted = dict(re.findall(r'href="/desk(?:\?show=)?(\w*)"[^>]*>[^<]* <b>(\d+)', text))
        waits = state != "closed"
        assert counted[""] == str(int(bool(named) and waits))
        assert {route: counted[route] for route in PROFILE_ROUTES} == {
            route: str(int(route in named and waits)) for route in PROFILE_ROUTES}, show
    assert manager.post("/desk/find", typed=sample.reference).status_code == (303 if named else 404)
    for route, typed in LOOKED_FOR.items():
        for one in typed:
            answer = manager.post("/desk/find", typed=one)
            assert answer.status_code == (200 if route in named else 404), one
            # The box repeats what was typed, and nothing else.
            text = unescape(answer.text).replace(one, "")
            assert not [word for word in others if word in text], one
            assert (sample.case in text.partition('id="found"')[2]) == (route in named), one
            right["routes"] += 1
    for act in access.ACTS:
        answered(manager.act(sample.case, act, **FORMS.get(act, {})), 403)
    assert other.case not in manager.client.get("/desk").text
    dismiss(writing, sample)
