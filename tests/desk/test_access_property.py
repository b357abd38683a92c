"""Whoever asks for whatever, in any role and any order: nothing is read or changed but what `access.yml` gives."""
from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from bot.conversations.tables import Conversation, Message
from bot.database import now, reading, writing
from bot.desk import access
from bot.door import bot_client
from bot.referrals.tables import Appointment, Case, Report
from bot.security import accounts
from bot.security.accounts import ADMIN, DESK_ROLES, DUTY, MANAGER, ROLES, SUPERVISOR
from tests.desk.conftest import Clock
from tests.desk_world import Browser, Desk, Sample, appoint, dismiss, make_case
from tests.mixed_case import GIRL, LINES, LOOKED_FOR, OWN, WOMAN, mixed_case

WHO = st.integers(0, 3)
"""Who acts; what else is drawn is a case, or the place of an id that is none of a case."""
WHAT = st.integers(0, 5)
ROLE = st.sampled_from([*ROLES, DUTY, SUPERVISOR])
ROUTE = st.sampled_from([GIRL, WOMAN, "nrm_child"])
"""One of the girl, one of the woman, who is in one case only, and one that nobody is on."""
STORY = "Girl about 14 at the weir, an older man holds her passport"
FORMS: dict[str, dict[str, Any]] = {
    "send": {"text": "Are you safe?"}, "answers": {"version": "1", "report.tonight": "hospital"},
    "decide": {"decision": "accept"}, "manager": {"organisation": "Care"},
    "confirm": {"route": "nfp", "by": "Ms Ray"}, "close": {"reason": "Done"}, "reveal": {"why": "caller"},
}
PAGES = {"case_page": "/desk/case/{}", "print_page": "/desk/case/{}/print"}


class Access(RuleBasedStateMachine):
    """Three referrals, one of them of a girl and a woman, and four people whose roles change.

    What they may is read a second time from the rules, in other words than the code's.
    """

    browsers: list[Browser] = []
    root: Browser
    clock: Clock

    @initialize(role=ROLE, of_girl=WHO, of_woman=WHO)
    def people_and_cases(self, role: str, of_girl: int, of_woman: int) -> None:
        self.samples = [mixed_case(), *(make_case(writing, sent=True, text=STORY) for _ in range(2))]
        # One case has case managers already; who that is may be in any role.
        for who, route in ((of_girl, GIRL), (of_woman, WOMAN)):
            appoint(writing, self.samples[0], self.browsers[who].account.display_name, route)
        for who, first in enumerate([MANAGER, DUTY, DUTY, role]):
            self.role_changes(who, first)
        self.somebody_acts(1, 1, "claim")

    def teardown(self) -> None:
        """Leave nothing in the queue of other tests, and nobody named: all these cases are of people alike."""
        for sample in self.samples:
            dismiss(writing, sample)
        with writing() as session:
            session.execute(update(Case).where(Case.id.in_([sample.case for sample in self.samples]))
                            .values(state="closed", closed_at=now()))

    def _asked(self, asked: int) -> tuple[str, Sample | None]:
        """Give an id to ask for, and the case that it is; the last ones are those of something else, or of nothing."""
        if asked < 3:
            return self.samples[asked].case, self.samples[asked]
        foreign = (self.samples[0].report, self.samples[1].conversation, str(uuid.uuid4()))
        return foreign[asked - 3], None

    def _stored(self) -> list[tuple[Any, ...]]:
        """Give everything of each case that somebody could change."""
        found = []
        with reading() as session:
            for sample in self.samples:
                case = session.execute(select(Case.__table__).where(Case.id == sample.case)).one()
                chat = session.execute(select(Conversation.state).filter_by(id=sample.conversation)).scalar()
                version = session.execute(select(Report.version).filter_by(id=sample.report)).scalar()
                said = select(func.count(Message.id)).filter_by(conversation_id=sample.conversation)
                named = select(Appointment.__table__).filter_by(case_id=sample.case).order_by(Appointment.route)
                found.append((*case, chat, version, session.execute(said).scalar(), session.execute(named).all()))
        return found

    def _case(self, sample: Sample) -> Case:
        with reading() as session:
            return session.get(Case, sample.case)

    def _sees(self, who: int, sample: Sample | None) -> set[str]:
        """Give the routes whose persons somebody may read of."""
        role = self.roles[who]
        if sample is None or role not in (*DESK_ROLES, MANAGER):
            return set()
        there = {GIRL, WOMAN} if sample == self.samples[0] else {GIRL}
        if role != MANAGER:
            return there
        with reading() as session:
            named = {one.route for one in session.query(Appointment).filter_by(case_id=sample.case)
                     if one.manager == self.browsers[who].account.display_name}
        return there & named if self._case(sample).decision == "accept" else set()

    @property
    def roles(self) -> list[str]:
        """The role of each, as the database has it."""
        with reading() as session:
            return [str(accounts.named(session, browser.account.name).role) for browser in self.browsers]

    @rule(who=WHO, role=ROLE)
    def role_changes(self, who: int, role: str) -> None:
        browser = self.browsers[who]
        assert self.root.post("/desk/accounts/role", name=browser.account.name, role=role).status_code == 200
        assert browser.client.get("/desk").headers.get("location") == "/desk/sign-in", "the old role's session lives"
        self.clock.move(seconds=30)
        answer = browser.client.post("/desk/sign-in", data={
            "name": browser.account.name, "password": browser.password, "code": browser.phone.at(self.clock.step)})
        assert answer.status_code == 303
        home = browser.client.get("/desk/sign-in", follow_redirects=True)
        browser.csrf = home.text.split('name="csrf" value="')[1].split('"')[0]

    @rule(who=WHO, asked=WHAT, act=st.sampled_from(sorted(access.ACTS)), named=WHO, routes=st.lists(ROUTE, max_size=2))
    def somebody_acts(self, who: int, asked: int, act: str, named: int = 0, routes: Collection[str] = ()) -> None:
        case_id, sample = self._asked(asked)
        before, role = self._stored(), self.roles[who]
        case = self._case(sample) if sample else None
        form = {**FORMS.get(act, {}), "own_id": uuid.uuid4().hex}
        if act == "manager":
            form |= {"route": list(routes), "manager": self.browsers[named].account.display_name}
        answer = self.browsers[who].act(case_id, act, **form)
        after, rule_of_act = self._stored(), access.ACTS[act]
        if role not in rule_of_act.roles:
            assert answer.status_code == 403 and after == before
            return
        own = case is not None and case.state == "claimed" and case.owner_id == self.browsers[who].account.id
        if case is None or (rule_of_act.own and not own):
            assert answer.status_code == (404 if case is None else 409) and after == before
            return
        assert [row for number, row in enumerate(after) if number != asked] == [
            row for number, row in enumerate(before) if number != asked], "another case was changed"
        assert answer.status_code in (303, 409, 422) and (answer.status_code == 303 or after == before)

    @rule(who=WHO, asked=WHAT, page=st.sampled_from(sorted(PAGES)), route=ROUTE)
    def somebody_reads(self, who: int, asked: int, page: str, route: str) -> None:
        case_id, sample = self._asked(asked)
        before = self._stored()
        answer = self.browsers[who].client.get(PAGES[page].format(case_id), params={"route": route})
        shown = self._sees(who, sample) & ({route} if page == "print_page" else {GIRL, WOMAN})
        assert (answer.status_code == 200) == bool(shown)
        assert shown or answer.status_code == (404 if self.roles[who] in access.RIGHTS[page] else 403)
        alone = sample != self.samples[0]
        assert ("passport" in answer.text) == (bool(shown) and (alone or len(shown) == 2)), "what speaks of all"
        for one, line in LINES.items():
            assert (line in answer.text) == (one in shown), one
        if self.roles[who] == MANAGER:
            # Officers read every country's name in the form for a call.
            others = [word for one in OWN if one not in shown for word in OWN[one]]
            assert not [word for word in others if word in answer.text]
        assert self._stored() == before

    @rule(who=WHO, asked=st.integers(0, 2), closed=st.booleans())
    def somebody_looks_through_the_lists(self, who: int, asked: int, closed: bool) -> None:
        sample, browser, before = self.samples[asked], self.browsers[who], self._stored()
        sees = bool(self._sees(who, sample))
        listed = browser.client.get("/desk?show=closed").text if closed else self._queue(browser)
        assert (sample.case in listed) == (sees and (self._case(sample).state == "closed") == closed)
        found = browser.post("/desk/find", typed=sample.reference)
        assert (found.headers.get("location") == f"/desk/case/{sample.case}") == sees
        for route, typed in LOOKED_FOR.items():
            answer = browser.post("/desk/find", typed=typed[1])
            hit = self.samples[0].case in answer.text.partition('id="found"')[2]
            assert hit == (route in self._sees(who, self.samples[0])), route
        assert self._stored() == before

    def _queue(self, browser: Browser) -> str:
        """Read the whole queue: other tests may have left cases that fill its first page."""
        pages = [browser.client.get("/desk").text]
        while f"page={len(pages) + 1}\"" in pages[-1]:
            pages.append(browser.client.get(f"/desk?page={len(pages) + 1}").text)
        return "".join(pages)

    @rule(who=WHO, name=st.sampled_from(["/desk/accounts", "/desk/invitations", "/desk/audit"]))
    def somebody_opens_another_roles_page(self, who: int, name: str) -> None:
        answer, role = self.browsers[who].client.get(name), self.roles[who]
        assert (answer.status_code == 200) == (role == {"/desk/audit": "dpo"}.get(name, ADMIN))
        assert not any(sample.case in answer.text for sample in self.samples)

    @invariant()
    def whoever_has_a_case_is_an_officer(self) -> None:
        ids = {browser.account.id: role for browser, role in zip(self.browsers, self.roles, strict=True)}
        for sample in getattr(self, "samples", ()):
            case = self._case(sample)
            assert case.state != "claimed" or ids[case.owner_id] in DESK_ROLES


def test_nothing_is_read_or_changed_but_what_the_table_gives(desk: Desk, clock: Clock, monkeypatch: Any) -> None:
    async def give_back(_: str) -> None:
        return None

    monkeypatch.setattr(bot_client, "give_back", give_back)
    Access.root = desk.signed_in(ADMIN, "Root")
    run = uuid.uuid4().hex[:6]
    Access.clock = clock
    Access.browsers = [desk.signed_in(DUTY, f"Officer {number} {run}") for number in range(4)]
    run_state_machine_as_test(Access, settings=settings(
        max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)))
