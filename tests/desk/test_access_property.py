"""Whoever asks for whatever, in any role and any order: nothing is read or changed but what `access.yml` gives."""
from __future__ import annotations

import uuid
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from bot.conversations.tables import Conversation, Message
from bot.database import now, reading, writing
from bot.desk import access
from bot.door import bot_client
from bot.referrals.tables import Case, Report
from bot.security import accounts
from bot.security.accounts import ADMIN, DESK_ROLES, DUTY, MANAGER, ROLES, SUPERVISOR
from tests.desk.conftest import Clock
from tests.desk_world import Browser, Desk, Sample, make_case

WHO = st.integers(0, 3)
"""Who acts; what else is drawn is a case, or the place of an id that is none of a case."""
WHAT = st.integers(0, 5)
ROLE = st.sampled_from([*ROLES, DUTY, SUPERVISOR])
STORY = "Girl about 14 at the weir, an older man holds her passport"
FORMS: dict[str, dict[str, Any]] = {
    "send": {"text": "Are you safe?"}, "answers": {"version": "1", "report.tonight": "hospital"},
    "decide": {"decision": "accept"}, "manager": {"manager": "Officer 1", "organisation": "Care"},
    "confirm": {"route": "nfp", "by": "Ms Ray"}, "close": {"reason": "Done"}, "reveal": {"why": "caller"},
}
PAGES = {"case_page": "/desk/case/{}", "print_page": "/desk/case/{}/print?route=nfp"}


class Access(RuleBasedStateMachine):
    """Three referrals and four people whose roles change, beside a second reading of the rules."""

    browsers: list[Browser] = []
    root: Browser
    clock: Clock

    @initialize(role=ROLE, named=WHO)
    def people_and_cases(self, role: str, named: int) -> None:
        self.samples = [make_case(writing, sent=True, text=STORY) for _ in range(3)]
        with writing() as session:
            # One case has a case manager already; who that is may be in any role.
            session.get(Case, self.samples[0].case).decision = "accept"
            session.get(Case, self.samples[0].case).case_manager = self.browsers[named].account.display_name
        for who, first in enumerate([MANAGER, DUTY, DUTY, role]):
            self.role_changes(who, first)
        self.somebody_acts(1, 1, "claim")

    def teardown(self) -> None:
        """Leave nothing in the queue of other tests."""
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
                found.append((*case, chat, version, session.execute(said).scalar()))
        return found

    def _case(self, sample: Sample) -> Case:
        with reading() as session:
            return session.get(Case, sample.case)

    def _sees(self, who: int, sample: Sample | None) -> bool:
        """Read the rules a second time, in other words than the code."""
        role = self.roles[who]
        if sample is None or role not in (*DESK_ROLES, MANAGER):
            return False
        case = self._case(sample)
        named = case.case_manager == self.browsers[who].account.display_name
        return role != MANAGER or (case.decision == "accept" and named)

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

    @rule(who=WHO, asked=WHAT, act=st.sampled_from(sorted(access.ACTS)))
    def somebody_acts(self, who: int, asked: int, act: str) -> None:
        case_id, sample = self._asked(asked)
        before, role = self._stored(), self.roles[who]
        case = self._case(sample) if sample else None
        answer = self.browsers[who].act(case_id, act, **{**FORMS.get(act, {}), "own_id": uuid.uuid4().hex})
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

    @rule(who=WHO, asked=WHAT, page=st.sampled_from(sorted(PAGES)))
    def somebody_reads(self, who: int, asked: int, page: str) -> None:
        case_id, sample = self._asked(asked)
        before = self._stored()
        answer = self.browsers[who].client.get(PAGES[page].format(case_id))
        sees = self._sees(who, sample)
        assert (answer.status_code == 200) == sees == ("passport" in answer.text)
        assert sees or answer.status_code == (404 if self.roles[who] in access.RIGHTS[page] else 403)
        assert self._stored() == before

    @rule(who=WHO, asked=st.integers(0, 2), closed=st.booleans())
    def somebody_looks_through_the_lists(self, who: int, asked: int, closed: bool) -> None:
        sample, browser, before = self.samples[asked], self.browsers[who], self._stored()
        sees = self._sees(who, sample)
        listed = browser.client.get("/desk?show=closed").text if closed else self._queue(browser)
        assert (sample.case in listed) == (sees and (self._case(sample).state == "closed") == closed)
        found = browser.post("/desk/find", typed=sample.reference)
        assert (found.headers.get("location") == f"/desk/case/{sample.case}") == sees
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
    FORMS["manager"]["manager"] = Access.browsers[1].account.display_name
    run_state_machine_as_test(Access, settings=settings(
        max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)))
