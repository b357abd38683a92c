"""Whatever officers and administrators do, in any order: a session opens the desk exactly until something ended it."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from bot.database import writing
from bot.security import accounts, sessions
from bot.security.tables import Account, SignInCount
from tests.desk.conftest import Clock
from tests.desk_world import make_account, sign_in
from tests.phone import Phone, set_up_phone

OFFICERS = st.integers(0, 1)
PICK = st.integers(0, 30)


@dataclass
class Known:
    """What a test knows of one account."""

    account: Account
    password: str
    phone: Phone
    disabled: bool = False
    open: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """Secrets of its sessions, with when each began and was last heard of."""


def test_only_sessions_that_nothing_ended_are_recognised(database: None, clock: Clock) -> None:
    class Sessions(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.people: list[Known] = []
            self.ended: set[str] = set()
            for role in ("duty", "supervisor"):
                account, password = make_account(writing, role, "Ana")
                self.people.append(Known(account, password, set_up_phone(writing, account)))
            self.root, _ = make_account(writing, "admin", "Root")

        def _end(self, one: Known, *secrets: str) -> None:
            for secret in secrets or list(one.open):
                self.ended.add(secret)
                one.open.pop(secret)

        def _change(self, one: Known, act: Any, *given: Any) -> Any:
            with writing() as session:
                return act(session, one.account.name, *given, "test")

        @rule(who=OFFICERS, right=st.booleans())
        def signs_in(self, who: int, right: bool) -> None:
            one = self.people[who]
            clock.move(seconds=30)
            code = one.phone.at(clock.step) if right else "no code"
            admitted = sign_in(one.account.name, one.password, code)
            with writing() as session:
                session.execute(delete(SignInCount))
            assert (admitted is not None) == (right and not one.disabled)
            if admitted:
                one.open[admitted.secret] = (clock.at, clock.at)

        @rule(who=OFFICERS, which=PICK)
        def signs_out(self, who: int, which: int) -> None:
            one = self.people[who]
            if one.open:
                secret = sorted(one.open)[which % len(one.open)]
                signed_in = sessions.recognise(secret)
                if signed_in:
                    sessions.sign_out(signed_in)
                self._end(one, secret)

        @rule(who=OFFICERS, which=PICK, by_root=st.booleans(), by=OFFICERS)
        def session_is_ended(self, who: int, which: int, by_root: bool, by: int) -> None:
            one, actor = self.people[who], self.root if by_root else self.people[by].account
            found = [s for s in sorted(one.open) if sessions.recognise(s)]
            if found:
                secret = found[which % len(found)]
                with writing() as session:
                    owner = sessions.end(session, sessions.recognise(secret).token_hash, actor)
                assert (owner is not None) == (by_root or by == who)
                if owner:
                    self._end(one, secret)

        @rule(who=OFFICERS)
        def password_changes(self, who: int) -> None:
            one = self.people[who]
            one.password = self._change(one, accounts.reset_password)
            self._end(one)

        @rule(who=OFFICERS, role=st.sampled_from(["duty", "supervisor"]))
        def role_changes(self, who: int, role: str) -> None:
            self._change(self.people[who], accounts.set_role, role)
            self._end(self.people[who])

        @rule(who=OFFICERS)
        def phone_is_lost(self, who: int) -> None:
            one = self.people[who]
            self._change(one, accounts.reset_second_factor)
            self._end(one)
            one.phone = set_up_phone(writing, one.account)

        @rule(who=OFFICERS, disabled=st.booleans())
        def is_switched(self, who: int, disabled: bool) -> None:
            one = self.people[who]
            self._change(one, accounts.set_disabled, disabled)
            one.disabled = disabled
            if disabled:
                self._end(one)

        @rule(hours=st.integers(1, 9))
        def time_passes(self, hours: int) -> None:
            clock.move(hours=hours)
            for one in self.people:
                for secret, (began, seen) in list(one.open.items()):
                    if clock.at - began >= timedelta(hours=16) or clock.at - seen >= timedelta(hours=8):
                        self._end(one, secret)

        @rule(who=OFFICERS, which=PICK)
        def page_is_open(self, who: int, which: int) -> None:
            one = self.people[who]
            if one.open:
                secret = sorted(one.open)[which % len(one.open)]
                sessions.touch(sessions.recognise(secret).token_hash)
                if clock.at - one.open[secret][1] > timedelta(seconds=20):
                    one.open[secret] = (one.open[secret][0], clock.at)

        @invariant()
        def exactly_the_unended_are_recognised(self) -> None:
            for one in getattr(self, "people", []):
                for secret in one.open:
                    found = sessions.recognise(secret)
                    assert found and found.account.id == one.account.id
            assert not any(sessions.recognise(secret) for secret in getattr(self, "ended", ()))

    run_state_machine_as_test(Sessions, settings=settings(
        max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)))
