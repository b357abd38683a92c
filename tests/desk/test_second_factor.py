"""The second factor: setting it up, codes that are good once, recovery codes, delays, and equal work for all."""
from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest
from sqlalchemy import event, select, update

from bot import database as databases
from bot.database import reading, writing
from bot.security import accounts, attempts, enrolment, passwords, second_factor, secret_sealing, sessions
from bot.security import sign_in as way_in
from bot.security.tables import Account, AuditEntry, Enrolment, RecoveryCode, SignInCount
from bot.settings import settings
from tests.desk.conftest import Clock
from tests.desk_world import Desk, desk_routes, make_account, sign_in
from tests.phone import Phone, first_sign_in, set_up_phone


@dataclass
class Officer:
    """Somebody with a phone."""

    account: Account
    password: str
    phone: Phone

    def enters(self, code: str) -> bool:
        """Sign in with the right name and password."""
        admitted = sign_in(self.account.name, self.password, code)
        assert admitted is None or not admitted.enrols
        return admitted is not None


def make_officer() -> Officer:
    account, password = make_account(writing, "duty", "Ana")
    return Officer(account, password, set_up_phone(writing, account))


@pytest.fixture
def officer(database: None) -> Officer:
    return make_officer()


def enrolling(account: Account, password: str) -> enrolment.Enrolling:
    admitted = sign_in(account.name, password, "")
    assert admitted and admitted.enrols
    found = enrolment.recognise(admitted.secret)
    assert found
    return found


def row(account: Account) -> Account:
    with reading() as session:
        return session.get(Account, account.id)


def wrong_codes(officer: Officer) -> int:
    with reading() as session:
        return session.get(SignInCount, attempts.by_code(officer.account.name)).failures


def test_the_first_sign_in_sets_up_a_phone(desk: Desk) -> None:
    account, password = make_account(writing, "duty", "Ana")
    browser = desk.browser()
    phone, codes = first_sign_in(browser, account.name, password)
    assert browser.get("/desk").status_code == 200
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    kept = row(account)
    assert phone.secret not in kept.totp_secret
    with reading() as session:
        hashes = set(session.execute(select(RecoveryCode.code_hash).filter_by(account_id=account.id)).scalars())
        assert len(hashes) == len(codes) and not hashes & set(codes)
        acts = set(session.execute(select(AuditEntry.action).filter_by(actor=account.name)).scalars())
    assert "second_factor.enrolled" in acts
    assert browser.get("/desk/enrolment").headers["location"] == "/desk/sign-in?late", "the secret is shown no more"
    again = desk.browser()
    data = {"name": account.name, "password": password, "code": phone.code()}
    assert again.post("/desk/sign-in", data=data).headers["location"] == "/desk/sign-in"
    assert again.get("/desk").status_code == 200


def test_the_page_shows_picture_and_letters_and_asks_again_after_a_wrong_code(desk: Desk) -> None:
    account, password = make_account(writing, "duty", "Ana")
    browser = desk.browser()
    browser.post("/desk/sign-in", data={"name": account.name, "password": password})
    page = browser.get("/desk/enrolment")
    assert not re.search(r"<style|style=|\son\w+=|javascript:|data:", page.text)
    secret = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page.text)[1]
    assert [len(group) for group in secret.split()] == [4] * 8
    picture = browser.get("/desk/enrolment/picture")
    assert picture.headers["content-type"] == "image/svg+xml" and picture.headers["cache-control"] == "no-store"
    assert picture.text.count("<path") == 2 and "<style" not in picture.text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    assert browser.post("/desk/enrolment", data={"code": "123456"}).status_code == 403
    wrong = browser.post("/desk/enrolment", data={"csrf": csrf, "code": "12345"})
    assert wrong.status_code == 422 and secret in wrong.text and "set-cookie" not in wrong.headers
    assert row(account).totp_secret is None


def test_the_picture_says_what_the_letters_say(database: None) -> None:
    parts = pyotp.parse_uri(second_factor.address("ana", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
    assert (parts.secret, parts.name, parts.issuer) == ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "ana", "Firstline")


def test_setting_up_opens_nothing_else(desk: Desk) -> None:
    for role in accounts.ROLES:
        account, password = make_account(writing, role, "Ana")
        browser = desk.browser()
        leave = browser.post("/desk/sign-in", data={"name": account.name, "password": password}).cookies
        secret = leave["firstline_enrolment"]
        stolen = {"cookie": f"firstline_enrolment={secret}; firstline_desk={secret}"}
        for name, method, path in desk_routes():
            if name in ("static", "sign_in_page", "sign_in", "enrolment_page", "enrolment_picture", "enrol"):
                continue
            answer = browser.request(method, path, headers=stolen)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/desk/sign-in"), name
        assert "Set up your phone" not in browser.get("/desk/sign-in", headers=stolen).text
        assert browser.get("/desk/enrolment").status_code == 200


def test_a_session_does_not_open_the_setting_up(desk: Desk) -> None:
    secret = desk.signed_in("duty").client.cookies["firstline_desk"]
    answer = desk.browser().get("/desk/enrolment", headers={"cookie": f"firstline_enrolment={secret}"})
    assert answer.headers["location"] == "/desk/sign-in?late"


def test_the_leave_ends_after_five_minutes_and_with_a_new_password(database: None, clock: Clock) -> None:
    account, password = make_account(writing, "duty", "Ana")
    admitted = sign_in(account.name, password, "")
    clock.move(minutes=4, seconds=59)
    assert enrolment.recognise(admitted.secret)
    clock.move(seconds=1)
    assert enrolment.recognise(admitted.secret) is None
    found = enrolling(account, password)
    with writing() as session:
        accounts.reset_password(session, account.name, "test")
    assert enrolment.confirm(found, Phone(found.secret).at(clock.step), "") is None
    assert row(account).totp_secret is None


def test_of_two_browsers_one_sets_up_the_phone(database: None, clock: Clock) -> None:
    account, password = make_account(writing, "duty", "Ana")
    first = enrolling(account, password)
    second = enrolling(account, password)
    assert first.secret != second.secret
    assert enrolment.confirm(first, Phone(first.secret).at(clock.step), "") is None, "the later sign-in ended it"
    assert enrolment.confirm(second, Phone(second.secret).at(clock.step), "")
    assert enrolment.confirm(second, Phone(second.secret).at(clock.step + 1), "") is None
    with reading() as session:
        assert session.execute(select(Enrolment).filter_by(account_id=account.id)).first() is None


def test_the_code_that_confirmed_the_phone_is_used_up(database: None, clock: Clock) -> None:
    account, password = make_account(writing, "duty", "Ana")
    found = enrolling(account, password)
    phone = Phone(found.secret)
    assert enrolment.confirm(found, phone.at(clock.step), "")
    someone = Officer(account, password, phone)
    assert not someone.enters(phone.at(clock.step))
    assert someone.enters(phone.at(clock.step + 1))


@pytest.mark.parametrize(("off", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(officer: Officer, clock: Clock, off: int, good: bool) -> None:
    assert officer.enters(officer.phone.at(clock.step + off)) is good


def test_a_code_and_every_older_one_is_good_once(officer: Officer, clock: Clock) -> None:
    code = officer.phone.at(clock.step)
    assert officer.enters(f" {code[:3]} {code[3:]} "), "as phones show it"
    assert not officer.enters(code)
    assert not officer.enters(officer.phone.at(clock.step - 1))
    clock.move(seconds=30)
    assert not officer.enters(code)
    assert officer.enters(officer.phone.at(clock.step))


def test_a_code_is_used_up_after_a_restart_too(officer: Officer, clock: Clock) -> None:
    code = officer.phone.at(clock.step)
    assert officer.enters(code)
    databases.engine().dispose()
    databases._sessions.cache_clear()
    assert not officer.enters(code)


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_of_two_sign_ins_at_once_with_one_code_one_wins(officer: Officer, clock: Clock, kind: str,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    with writing() as session:
        recovery = second_factor.new_recovery_codes(session, officer.account.id)[0]
    code = officer.phone.at(clock.step) if kind == "code" else recovery
    both, check = threading.Barrier(2), second_factor.step_of

    def together(*given: Any) -> int | None:
        found = check(*given)
        both.wait(20)
        return found

    monkeypatch.setattr(second_factor, "step_of", together)
    with ThreadPoolExecutor(2) as pool:
        entered = list(pool.map(officer.enters, [code, code]))
    assert sorted(entered) == [False, True]


def test_what_changed_between_the_check_and_its_acceptance_refuses_it(officer: Officer, clock: Clock) -> None:
    changes = (accounts.reset_password, accounts.reset_second_factor,
               lambda session, name, actor: accounts.set_disabled(session, name, True, actor))
    for change in changes:
        account, _ = make_account(writing, "duty", "Ana")
        set_up_phone(writing, account)
        with writing() as session:
            checked = accounts.named(session, account.name)
        with writing() as session:
            change(session, account.name, "test")
        with writing() as session:
            assert not accounts.attempt_succeeded(session, checked, clock.step)


def test_a_recovery_code_is_good_once_and_for_its_account(officer: Officer, clock: Clock) -> None:
    other, password = make_account(writing, "duty", "Jon")
    stranger = Officer(other, password, set_up_phone(writing, other))
    with writing() as session:
        codes = second_factor.new_recovery_codes(session, officer.account.id)
        second_factor.new_recovery_codes(session, other.id)
    assert not stranger.enters(codes[0])
    assert officer.enters(codes[0].upper().replace("-", " "))
    assert not officer.enters(codes[0])
    assert officer.enters(codes[1])
    with writing() as session:
        assert second_factor.recovery_codes_left(session, officer.account.id) == 8
        second_factor.new_recovery_codes(session, officer.account.id)
    assert not officer.enters(codes[2]), "newer ones have taken their place"


def test_a_wrong_password_uses_no_code_up(officer: Officer, clock: Clock) -> None:
    with writing() as session:
        recovery = second_factor.new_recovery_codes(session, officer.account.id)[0]
    code = officer.phone.at(clock.step)
    for typed in (recovery, code):
        assert sign_in(officer.account.name, "wrong", typed) is None
    assert officer.enters(recovery)
    assert officer.enters(code)


@pytest.mark.parametrize("wrong", ["000000x", "", "kofa-miru-tesa-bodi"])
def test_a_wrong_code_counts_for_the_delay(officer: Officer, clock: Clock, wrong: str) -> None:
    for _ in range(attempts.FREE + 1):
        assert not officer.enters(wrong)
    assert wrong_codes(officer) == attempts.FREE + 1
    assert not officer.enters(officer.phone.at(clock.step)), "still has to wait"
    clock.move(seconds=2)
    assert officer.enters(officer.phone.at(clock.step))
    assert wrong_codes(officer) == 0


def test_a_replayed_code_counts_for_the_delay(officer: Officer, clock: Clock) -> None:
    code = officer.phone.at(clock.step)
    assert officer.enters(code)
    for count in (1, 2):
        assert not officer.enters(code)
        assert wrong_codes(officer) == count


@contextmanager
def statements() -> Iterator[list[tuple[str, int]]]:
    """Give what the database is told meanwhile: commits, and each statement with the number of rows it changed."""
    told: list[tuple[str, int]] = []

    def executed(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        kind = statement.split()[0]
        if kind != "BEGIN":
            # A slot is made at its first use, whoever's name falls into it.
            told.append((" ".join(statement.split()), cursor.rowcount if kind in ("UPDATE", "DELETE") else 0))

    def committed(_: Any) -> None:
        told.append(("COMMIT", 0))

    for name, listener in (("after_cursor_execute", executed), ("commit", committed)):
        event.listen(databases.engine(), name, listener)
    yield told
    for name, listener in (("after_cursor_execute", executed), ("commit", committed)):
        event.remove(databases.engine(), name, listener)


def test_every_failure_does_the_same_work(officer: Officer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[str] = Counter()

    def counted(place: Any, name: str) -> None:
        real = getattr(place, name)

        def count(*given: Any, **named: Any) -> Any:
            done[name] += 1
            return real(*given, **named)

        monkeypatch.setattr(place, name, count)

    passwords.nobodys_hash()
    second_factor._nobodys()
    counted(way_in, "fits")
    counted(secret_sealing, "HKDF")
    counted(pyotp.TOTP, "generate_otp")
    name, password, code = officer.account.name, officer.password, officer.phone.at(clock.step)
    known = sign_in(name, password, code).browser
    with writing() as session:
        recovery = second_factor.new_recovery_codes(session, officer.account.id)[0]
    assert officer.enters(recovery)
    unused = officer.phone.at(clock.step + 1)
    fresh, _ = make_account(writing, "duty", "No phone yet")
    gone, password_of_gone = make_account(writing, "duty", "Gone")
    set_up_phone(writing, gone)
    with writing() as session:
        accounts.set_disabled(session, gone.name, True, "test")
    waits, waits_for_codes, knows, unreadable = (make_officer() for _ in range(4))
    with writing() as session:
        session.execute(update(Account).where(Account.id == unreadable.account.id)
                        .values(totp_secret=row(officer.account).totp_secret))
    for _ in range(attempts.FREE + 1):
        assert sign_in(waits.account.name, "wrong", "") is None
        assert sign_in(waits_for_codes.account.name, waits_for_codes.password, "", address="192.0.2.9") is None
    blocked = sign_in(knows.account.name, knows.password, knows.phone.at(clock.step)).browser
    for _ in range(attempts.FREE + 1):
        assert sign_in(knows.account.name, "wrong", "", blocked) is None
    tries = {
        "an unknown name": ("no-such-name", "wrong", unused),
        "no name": ("\u202e\u260e", "", ""),
        "a wrong password": (name, "wrong", unused),
        "a wrong code": (name, password, "999 99"),
        "no code": (name, password, ""),
        "a code used before": (name, password, code),
        "a recovery code used before": (name, password, recovery),
        "no phone yet, and a wrong password": (fresh.name, "wrong", ""),
        "a disabled account": (gone.name, password_of_gone, ""),
        "who has to wait, by all that is right": (waits.account.name, waits.password, waits.phone.at(clock.step)),
        "who has to wait, by a wrong password": (waits.account.name, "wrong", ""),
        "who has to wait for codes": (waits_for_codes.account.name, waits_for_codes.password,
                                      waits_for_codes.phone.at(clock.step)),
        "a known browser, and a wrong password": (name, "wrong", unused, known),
        "a known browser, and a wrong code": (name, password, "", known),
        "a known browser that has to wait": (knows.account.name, knows.password, knows.phone.at(clock.step + 1),
                                             blocked),
        "another account's browser": (fresh.name, "wrong", "", known),
        "a second factor that cannot be read": (unreadable.account.name, unreadable.password,
                                                unreadable.phone.at(clock.step)),
    }
    work = {}
    for number, (what, given) in enumerate(tries.items()):
        done.clear()
        # The officer's own tries come from many addresses, so that none has to wait.
        address = f"203.0.113.{number}" if given[0] == name else "192.0.2.1"
        with statements() as told:
            assert sign_in(*given, address=address) is None, what
        work[what] = dict(done), told
    hashed, told = work["an unknown name"]
    assert hashed == {"fits": 1, "HKDF": 1, "generate_otp": 3}
    kinds = [text.split()[0] for text, _ in told]
    assert kinds == ["SELECT", "SELECT", "INSERT", "SELECT", "UPDATE", "COMMIT",
                     "INSERT", "SELECT", "UPDATE", "DELETE", "UPDATE", "UPDATE", "COMMIT"]
    assert sum(changed for _, changed in told) == 3
    for what, (computed, written) in work.items():
        assert computed == hashed and shapes(written) == shapes(told), what
    assert wrong_codes(officer) == attempts.FREE + 1, "all that had the right password were judged"
    clock.move(seconds=2)
    assert officer.enters(unused), "none of them used it up"


def shapes(told: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Leave out of each statement what it is put to, and its conditions: kind, tables and changed rows stay."""
    return [(re.split(" SET | WHERE | VALUES ", text)[0], changed) for text, changed in told]


def test_a_secret_opens_in_its_own_row_alone(officer: Officer, clock: Clock, monkeypatch: pytest.MonkeyPatch,
                                             caplog: pytest.LogCaptureFixture) -> None:
    sealed = row(officer.account).totp_secret
    assert second_factor.readable(officer.account.id, sealed) == officer.phone.secret
    other, password = make_account(writing, "duty", "Jon")
    with pytest.raises(secret_sealing.Unreadable):
        second_factor.readable(other.id, sealed)
    flipped = ("A" if sealed[30] != "A" else "B").join((sealed[:30], sealed[31:]))
    with pytest.raises(secret_sealing.Unreadable):
        second_factor.readable(officer.account.id, flipped)
    with pytest.raises(secret_sealing.Unreadable):
        secret_sealing.unseal("something else", officer.account.id, sealed)
    with writing() as session:
        session.execute(update(Account).where(Account.id == other.id).values(totp_secret=sealed))
    with caplog.at_level(logging.ERROR):
        assert not Officer(other, password, officer.phone).enters(officer.phone.at(clock.step))
    assert "cannot be read" in caplog.text and other.name not in caplog.text
    assert settings().secret not in caplog.text


def test_sessions_are_listed_and_ended(officer: Officer, clock: Clock) -> None:
    root, password = make_account(writing, "admin", "Root")
    admin = Officer(root, password, set_up_phone(writing, root))
    begun = [sign_in(officer.account.name, officer.password, officer.phone.at(clock.step + n)).secret for n in (0, 1)]
    root_secret = sign_in(root.name, password, admin.phone.at(clock.step)).secret
    first, second, other = (sessions.recognise(secret).token_hash for secret in (*begun, root_secret))
    with writing() as session:
        assert {one.key for one in sessions.open_sessions(session, officer.account)} == {first, second}
        assert {first, second, other} <= {one.key for one in sessions.open_sessions(session, root)}
        assert sessions.end(session, other, officer.account) is None, "not this officer's to end"
        assert sessions.end(session, first, officer.account).id == officer.account.id
        assert sessions.has_any(session, officer.account)
        assert sessions.end(session, second, root).id == officer.account.id
        assert sessions.end(session, second, root) is None
        assert not sessions.has_any(session, officer.account)
    assert [sessions.recognise(secret) for secret in begun] == [None, None]
    assert sessions.recognise(root_secret)
