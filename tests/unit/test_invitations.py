"""Invitations: what they take, how often they bind, when they end, and what ends with them."""
from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from bot.commands.invitations import invite as command
from bot.database import now, reading, writing
from bot.door import joining
from bot.security import invitations, organisations
from bot.security.invitation_tables import Invitation, Organisation
from bot.security.tables import AuditEntry
from tests.invited import CALL_BACK, bind, device_of, invitation_of, invited, is_bound

pytestmark = pytest.mark.usefixtures("database")
PHONES = 8


def phone() -> str:
    return f"web:{uuid.uuid4().hex}"


def at_once(secret: str, owners: list[str]) -> list[bool]:
    """Tap the button on all phones at the same moment; an error on one is an error here."""
    ready = threading.Barrier(len(owners))

    def tap(owner: str) -> bool:
        ready.wait(10)
        return joining.join(secret, owner)

    with ThreadPoolExecutor(len(owners)) as pool:
        return list(pool.map(tap, owners))


@pytest.mark.parametrize("uses", [1, 3])
def test_of_many_phones_at_once_only_as_many_as_it_has_uses_are_bound(uses: int) -> None:
    secret, _ = invited(uses=uses)
    owners = [phone() for _ in range(PHONES)]
    assert sum(at_once(secret, owners)) == uses
    assert [is_bound(owner) for owner in owners].count(True) == uses
    assert invitation_of(secret).uses_left == 0


def test_a_phone_that_taps_twice_uses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, _ = invited(uses=2)
    owner = phone()
    assert at_once(secret, [owner, owner]) == [True, True]
    assert invitation_of(secret).uses_left == 1


def test_looking_uses_nothing_up() -> None:
    secret, name = invited()
    for _ in range(5):
        offer = joining.offered(secret)
        assert offer == invitations.Binding(name, "PT", "police", CALL_BACK)
    assert invitation_of(secret).uses_left == 1


def test_a_link_ends_by_its_day_and_the_phones_that_it_bound_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, _ = invited(uses=5, days=14)
    early, late = phone(), phone()
    monkeypatch.setattr(invitations, "now", lambda: now() + timedelta(days=14, minutes=-1))
    assert joining.join(secret, early)
    monkeypatch.setattr(invitations, "now", lambda: now() + timedelta(days=14, minutes=1))
    assert joining.offered(secret) is None
    assert not joining.join(secret, late)
    assert (is_bound(early), is_bound(late)) == (True, False)


def test_a_revoked_link_binds_nobody_and_its_phones_stay_unless_it_is_said() -> None:
    secret, _ = invited(uses=5)
    bound = [phone(), phone()]
    assert all(joining.join(secret, owner) for owner in bound)
    one = invitation_of(secret)
    with writing() as session:
        invitations.revoke(session, one.id, "test")
    assert joining.offered(secret) is None and not joining.join(secret, phone())
    assert all(is_bound(owner) for owner in bound)
    with writing() as session:
        invitations.revoke(session, one.id, "test", devices_too=True)
    assert not any(is_bound(owner) for owner in bound)


def test_a_lost_phone_is_unverified_at_once_and_does_not_come_back_by_the_same_link() -> None:
    secret, _ = invited(uses=5)
    lost, other = phone(), phone()
    assert joining.join(secret, lost) and joining.join(secret, other)
    with writing() as session:
        invitations.revoke_device(session, device_of(lost).id, "test")
    assert (is_bound(lost), is_bound(other)) == (False, True)
    assert not joining.join(secret, lost)
    assert not is_bound(lost)
    assert invitation_of(secret).uses_left == 3
    again, _ = invited()
    assert joining.join(again, lost) and is_bound(lost)


def test_a_phone_that_changes_its_organisation_belongs_to_the_last() -> None:
    owner = phone()
    bind(owner)
    last = bind(owner)
    with reading() as session:
        bound = invitations.binding_of(session, owner)
    assert bound is not None and bound.organisation == last


def test_a_disabled_organisation_counts_for_nothing_until_it_is_enabled() -> None:
    secret, name = invited(uses=2)
    owner = phone()
    assert joining.join(secret, owner)

    def switch(disabled: bool) -> None:
        with writing() as session:
            found = organisations.named(session, name)
            assert found is not None
            organisations.set_disabled(session, found.id, disabled, "test")

    switch(True)
    assert not is_bound(owner) and joining.offered(secret) is None and not joining.join(secret, phone())
    switch(False)
    assert is_bound(owner) and joining.join(secret, phone())


def test_a_secret_is_kept_as_a_hash_alone() -> None:
    secret, _ = invited()
    with reading() as session:
        rows = session.execute(select(*Invitation.__table__.columns)).all()
        trail = session.execute(select(*AuditEntry.__table__.columns)).all()
    assert len(secret) >= 43 and secret not in str(rows) and secret not in str(trail)


@pytest.mark.parametrize("guess", ["", "x", "é" * 43, "a" * 43, "%00", "'; --"])
def test_a_guess_opens_nothing(guess: str) -> None:
    invited()
    assert joining.offered(guess) is None and not joining.join(guess, phone())


@pytest.mark.parametrize("wrong", [
    {"role": "boss"}, {"role": ""}, {"call_back": "112"}, {"call_back": "21 000 00 00"}, {"call_back": "call me"},
    {"call_back": ""}, {"uses": 0}, {"uses": 501}, {"days": 0}, {"days": 366},
])
def test_a_bad_invitation_is_refused(wrong: dict[str, Any]) -> None:
    given = {"role": "police", "call_back": CALL_BACK, "uses": 1, "days": 14, **wrong}
    with writing() as session:
        made = organisations.add(session, f"Station {uuid.uuid4().hex[:8]}", "PT", "test")
        with pytest.raises(organisations.BadInvitation):
            invitations.invite(session, made.id, given["role"], given["call_back"], "test", given["uses"],
                               given["days"])


@pytest.mark.parametrize(("name", "country"), [("x", "PT"), ("P\u202eSP", "PT"), ("n" * 81, "PT"), ("PSP", "001"),
                                               ("PSP", "Portugal"), ("PSP", "QQ"), ("PSP", "")])
def test_a_bad_organisation_is_refused(name: str, country: str) -> None:
    with pytest.raises(organisations.BadInvitation), writing() as session:
        organisations.add(session, name, country, "test")


def test_an_organisation_is_made_once() -> None:
    _, name = invited()
    with pytest.raises(organisations.BadInvitation), writing() as session:
        organisations.add(session, f" {name} ", "PT", "test")


def test_the_command_line_invites(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"SEF Faro {uuid.uuid4().hex[:8]}"
    given = [name, "--role", "border", "--call-back", "+351 289 000 000"]
    unknown = CliRunner().invoke(command, given)
    assert unknown.exit_code == 1 and "--country" in unknown.output
    made = CliRunner().invoke(command, [*given, "--country", "pt", "--uses", "40", "--address", "https://x.example/"])
    assert made.exit_code == 0 and made.output.startswith("https://x.example/join/")
    offer = joining.offered(made.output.strip().rsplit("/", 1)[1])
    assert offer == invitations.Binding(name, "PT", "border", "+351 289 000 000")
    assert CliRunner().invoke(command, given).exit_code == 0, "known now"
    assert CliRunner().invoke(command, [name, "--role", "boss", "--call-back", CALL_BACK]).exit_code == 1
    with reading() as session:
        assert [one.name for one in session.query(Organisation)].count(name) == 1
