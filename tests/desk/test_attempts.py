"""Wrong sign-ins make the next one wait, and keep no officer out: not at a known browser, not at another address."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.database import reading, writing
from bot.desk import sign_in_pages
from bot.jobs.rounds import note_refused_sign_ins
from bot.security import accounts, attempts, browsers
from bot.security.sign_in import Place
from bot.security.tables import AuditEntry, KnownBrowser, SignInCount
from bot.settings import settings
from tests.desk.conftest import Clock
from tests.desk.test_second_factor import Officer
from tests.desk_world import Desk, Store, make_account, sign_in
from tests.phone import set_up_phone

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def officer(database: None) -> Officer:
    account, password = make_account(writing, "duty", "Ana")
    return Officer(account, password, set_up_phone(writing, account))


def enters(officer: Officer, clock: Clock, browser: str = "", address: str = HERE) -> str | None:
    """Sign in with all that is right, a code that is not used yet included; gives the browser's new cookie."""
    clock.move(seconds=30)
    admitted = sign_in(officer.account.name, officer.password, officer.phone.at(clock.step), browser, address)
    return admitted and admitted.browser


def fails(officer: Officer, times: int, browser: str = "", address: str = HERE) -> None:
    for _ in range(times):
        assert sign_in(officer.account.name, "wrong", "", browser, address) is None


def shut(officer: Officer, clock: Clock, browser: str = "", address: str = HERE) -> None:
    """Fail until somebody in the same count has to wait for a whole minute."""
    for _ in range(attempts.FREE + 6):
        clock.move(seconds=60)
        fails(officer, 1, browser, address)


def test_the_delay_grows_and_ends(store: Store, clock: Clock) -> None:
    began = clock.at

    def attempt(later: float) -> bool:
        clock.at = began
        clock.move(seconds=later)
        with store.writing() as session:
            return attempts.count(session, "source:0000")

    assert [attempt(0) for _ in range(6)] == [True, True, True, True, False, False]
    assert not attempt(1.9)
    assert attempt(2.1)
    assert not attempt(2.1 + 3.9)
    assert attempt(2.1 + 4.1)
    for step in range(1, 12):
        attempt(10 + 61 * step)
    assert not attempt(10 + 61 * 11 + 59)
    assert attempt(10 + 61 * 12), "never longer than a minute"
    with store.writing() as session:
        attempts.clear(session, "source:0000")
    assert [attempt(10_000) for _ in range(5)] == [True, True, True, True, False]
    assert [attempt(10_000 + 86_500) for _ in range(5)] == [True, True, True, True, False], "a day later it begins anew"


def test_who_polls_a_name_for_an_hour_keeps_nobody_out_of_a_known_browser(desk: Desk, clock: Clock) -> None:
    ana, attacker = desk.signed_in(), desk.browser()
    ana.post("/desk/sign-out")

    def tries(browser: httpx.Client, password: str) -> int:
        data = {"name": ana.account.name, "password": password, "code": ana.phone.at(clock.step)}
        return browser.post("/desk/sign-in", data=data).status_code

    for _ in range(360):
        clock.move(seconds=10)
        assert tries(attacker, "guess") == 401
    for _ in range(60):
        clock.move(seconds=1)
        tries(attacker, "guess")
    # The same address as the attacker's, and a browser that nobody knows.
    assert tries(desk.browser(), ana.password) == 401
    assert tries(ana.client, ana.password) == 303
    assert ana.client.get("/desk").status_code == 200


def test_who_polls_a_name_keeps_nobody_out_of_a_new_browser_elsewhere(officer: Officer, clock: Clock) -> None:
    shut(officer, clock)
    assert sign_in(officer.account.name, officer.password, officer.phone.at(clock.step)) is None
    assert enters(officer, clock, address=ELSEWHERE)


def test_who_polls_one_name_keeps_nobody_else_out_at_the_same_address(officer: Officer, clock: Clock) -> None:
    other, password = make_account(writing, "duty", "Jon")
    shut(officer, clock)
    assert sign_in(other.name, password, "")


def test_a_known_browser_s_own_wrong_attempts_make_it_wait_too(officer: Officer, clock: Clock) -> None:
    browser = enters(officer, clock)
    fails(officer, attempts.FREE + 1, browser)
    assert sign_in(officer.account.name, officer.password, officer.phone.at(clock.step + 1), browser) is None
    clock.move(seconds=2)
    fails(officer, 1, browser)
    clock.move(seconds=3)
    assert sign_in(officer.account.name, officer.password, officer.phone.at(clock.step + 1), browser) is None, "longer"
    assert enters(officer, clock, browser)


def test_a_known_browser_s_wrong_codes_are_its_own(officer: Officer, clock: Clock) -> None:
    browser = enters(officer, clock)
    for _ in range(attempts.FREE + 1):
        assert sign_in(officer.account.name, officer.password, "", browser) is None
    assert sign_in(officer.account.name, officer.password, officer.phone.at(clock.step + 1), browser) is None
    assert sign_in(officer.account.name, officer.password, officer.phone.at(clock.step + 1)), "at another browser"


def test_a_stolen_or_guessed_cookie_of_another_account_gives_nothing(officer: Officer, clock: Clock) -> None:
    thief, password = make_account(writing, "duty", "Jon")
    own = enters(Officer(thief, password, set_up_phone(writing, thief)), clock)
    for cookie in (own, "A" * 43, "x"):
        shut(officer, clock, cookie)
        # Where the cookie counted, an unknown browser at the same address would be free to try.
        assert sign_in(officer.account.name, officer.password, officer.phone.at(clock.step)) is None
        clock.move(seconds=60)
    with reading() as session:
        assert browsers.recognise(session, officer.account.id, own) is None
        assert browsers.recognise(session, thief.id, own)


def test_whoever_has_the_password_guesses_codes_no_faster_from_many_addresses(officer: Officer, clock: Clock) -> None:
    browser = enters(officer, clock, address=ELSEWHERE)
    judged = [sign_in(officer.account.name, officer.password, "000000", address=f"203.0.113.{n}") for n in range(50)]
    assert not any(judged)
    clock.move(seconds=1)
    code = officer.phone.at(clock.step + 1)
    assert sign_in(officer.account.name, officer.password, code, address="203.0.113.99") is None, "has to wait"
    assert sign_in(officer.account.name, officer.password, code, browser), "a known browser does not"
    with reading() as session:
        assert session.get(SignInCount, attempts.by_code(officer.account.name)).failures == attempts.FREE + 1


def test_without_the_password_nobody_raises_the_count_of_codes(officer: Officer, clock: Clock) -> None:
    for number in range(50):
        fails(officer, 1, address=f"203.0.113.{number}")
    assert enters(officer, clock, address=ELSEWHERE)


CHANGES: dict[str, Callable[..., Any]] = {
    "password": accounts.reset_password,
    "role": lambda session, name, actor: accounts.set_role(session, name, "supervisor", actor),
    "second factor": accounts.reset_second_factor,
    "disabled": lambda session, name, actor: accounts.set_disabled(session, name, True, actor),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_browser_is_forgotten_with_the_sessions(officer: Officer, clock: Clock, change: str) -> None:
    browser = enters(officer, clock)
    with writing() as session:
        assert browsers.recognise(session, officer.account.id, browser)
        CHANGES[change](session, officer.account.name, "test")
        assert browsers.recognise(session, officer.account.id, browser) is None


def test_a_new_password_is_not_kept_waiting_for_codes_that_were_guessed_with_the_old_one(
    officer: Officer, clock: Clock
) -> None:
    for _ in range(attempts.FREE + 1):
        assert sign_in(officer.account.name, officer.password, "000000", address=ELSEWHERE) is None
    with writing() as session:
        fresh = accounts.reset_password(session, officer.account.name, "test")
    assert sign_in(officer.account.name, fresh, officer.phone.at(clock.step))


def test_a_browser_is_known_for_ninety_days_after_its_last_sign_in(officer: Officer, clock: Clock) -> None:
    browser = enters(officer, clock)
    for _ in range(2):
        clock.move(days=89)
        browser = enters(officer, clock, browser)
    with reading() as session:
        clock.move(days=89, hours=23)
        assert browsers.recognise(session, officer.account.id, browser)
        clock.move(hours=1)
        assert browsers.recognise(session, officer.account.id, browser) is None


def test_an_account_has_ten_known_browsers_and_the_longest_unused_goes(officer: Officer, clock: Clock) -> None:
    used = enters(officer, clock)
    others = [enters(officer, clock) for _ in range(browsers.MOST - 1)]
    used = enters(officer, clock, used)
    newest = enters(officer, clock)
    with reading() as session:
        known = [browsers.recognise(session, officer.account.id, one) is not None for one in (used, *others, newest)]
        rows = session.execute(select(func.count()).where(KnownBrowser.account_id == officer.account.id)).scalar()
    assert known == [True, False, *[True] * (browsers.MOST - 1)] and rows == browsers.MOST


def test_a_copy_of_the_cookie_is_good_for_nothing_after_the_next_sign_in(officer: Officer, clock: Clock) -> None:
    copied = enters(officer, clock)
    fresh = enters(officer, clock, copied)
    assert len(fresh) == 43 and fresh != copied
    with reading() as session:
        assert browsers.recognise(session, officer.account.id, copied) is None
        kept = session.execute(select(KnownBrowser).filter_by(account_id=officer.account.id)).scalar_one()
        assert fresh not in (kept.token_hash, kept.id)


def test_officers_who_share_a_browser_are_all_known_and_wait_for_their_own(officer: Officer, clock: Clock) -> None:
    account, password = make_account(writing, "duty", "Jon")
    jon = Officer(account, password, set_up_phone(writing, account))
    shared = enters(jon, clock, enters(officer, clock))
    shut(jon, clock, shared)
    assert sign_in(account.name, password, jon.phone.at(clock.step), shared) is None
    assert enters(officer, clock, shared)


def test_one_network_of_the_sixth_version_is_one_source() -> None:
    def same(one: str, other: str) -> bool:
        return attempts.by_source("ana", one) == attempts.by_source("ana", other)

    assert same("2001:db8:1:2::1", "[2001:db8:1:2:3:4:5:6]") and not same("2001:db8:1:2::1", "2001:db8:1:3::1")
    assert same("192.0.2.1", "::ffff:192.0.2.1") and not same("192.0.2.1", "192.0.2.2")
    assert same("unknown", "\udc80")


def test_no_name_and_no_address_fills_the_database_or_stands_in_it(officer: Officer, clock: Clock) -> None:
    for number in range(40):
        assert sign_in(f"nobody-{number}", "wrong", "", address=f"203.0.113.{number}") is None
    with reading() as session:
        keys = session.execute(select(SignInCount.key)).scalars().all()
    assert keys and all(re.fullmatch("(source|browser|code):[0-9a-f]{4}", key) for key in keys)


def test_the_trail_says_whose_sign_in_was_refused_and_nobody_fills_it(officer: Officer, clock: Clock) -> None:
    def entries() -> int:
        note_refused_sign_ins()
        with reading() as session:
            return session.execute(select(func.count()).where(
                AuditEntry.actor == officer.account.name, AuditEntry.action == "sign_in.refused")).scalar()

    assert entries() == 0
    for _ in range(3):
        clock.move(minutes=1)
        fails(officer, 5)
        assert entries() == 1
    clock.move(minutes=8)
    assert entries() == 1
    assert sign_in(officer.account.name, officer.password, "000000") is None
    assert entries() == 2
    before = audited()
    assert sign_in("nobody-at-all", "wrong", "") is None
    note_refused_sign_ins()
    assert audited() == before


def audited() -> int:
    with reading() as session:
        return session.execute(select(func.max(AuditEntry.id))).scalar()


@pytest.mark.parametrize(("proxy", "named", "counted"), [
    (False, "203.0.113.5", "127.0.0.1"), (True, "203.0.113.5", "203.0.113.5"), (True, None, "127.0.0.1"),
    (True, "10.0.0.1, 203.0.113.5", "203.0.113.5"),
])
def test_an_address_is_believed_of_the_proxy_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, proxy: bool, named: str | None, counted: str
) -> None:
    seen: list[Place] = []
    monkeypatch.setattr(sign_in_pages, "settings", lambda: replace(settings(), behind_tls_proxy=proxy))
    monkeypatch.setattr(sign_in_pages, "check", lambda name, password, code, place: seen.append(place))
    headers = {"x-forwarded-for": named} if named else {}
    assert desk.browser().post("/desk/sign-in", data={"name": "ana"}, headers=headers).status_code == 401
    assert seen == [Place("", counted)]
