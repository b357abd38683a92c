"""Accounts, passwords, sign-in delays, sessions and tokens."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from bot.commands import tokens as token_module
from bot.commands.accounts import accounts as commands
from bot.commands.tokens import token as token_command
from bot.database import now, writing
from bot.security import accounts, sessions, tokens
from bot.security.passwords import fits, new_password
from bot.security.tables import Account, ApiToken, AuditEntry, DeskSession
from tests.desk_world import Store, make_account, sign_in
from tests.phone import set_up_phone


def test_first_start_makes_two_accounts_once(store: Store) -> None:
    with store.writing() as session:
        made = accounts.first_start(session)
    assert [name for name, _ in made] == ["admin", "duty"]
    with store.writing() as session:
        assert accounts.first_start(session) == []
        kept = {a.name: a for a in accounts.everyone(session)}
        assert {a.role for a in kept.values()} == {"admin", "duty"}
        for name, password in made:
            assert kept[name].password_hash.startswith("$argon2id$")
            assert fits(kept[name].password_hash, password)
            assert not fits(kept[name].password_hash, password + "x")


def test_passwords_are_drawn() -> None:
    drawn = {new_password() for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(one) == 24 for one in drawn)


@pytest.mark.parametrize(("name", "role", "display"), [
    ("x", "duty", "Ana"), ("1st", "duty", "Ana"), ("a b", "duty", "Ana"), ("ana", "boss", "Ana"), ("ana", "duty", " "),
    ("ana", "duty", "A\u202ena"), ("n" * 41, "duty", "Ana"),
])
def test_a_bad_account_is_refused(store: Store, name: str, role: str, display: str) -> None:
    with pytest.raises(accounts.BadAccount), store.writing() as session:
        accounts.add(session, name, role, display, "test")


def test_a_name_is_taken_once(store: Store) -> None:
    with store.writing() as session:
        accounts.add(session, "ana", "duty", "Ana", "test")
    with pytest.raises(accounts.BadAccount), store.writing() as session:
        accounts.add(session, "ANA", "duty", "Ana", "test")


def test_the_last_administrator_stays(store: Store) -> None:
    with store.writing() as session:
        accounts.first_start(session)
    with pytest.raises(accounts.BadAccount), store.writing() as session:
        accounts.set_disabled(session, "admin", True, "test")


def secret_of(account: Account, password: str) -> str:
    """Sign in with a phone that is set up anew, and give the session's secret."""
    phone = set_up_phone(writing, account)
    admitted = sign_in(account.name, password, phone.code())
    return admitted.secret if admitted and not admitted.enrols else ""


def test_sign_in_and_out(database: None) -> None:
    account, password = make_account(writing, "duty", "Ana")
    phone = set_up_phone(writing, account)
    code = phone.code()
    assert sign_in(account.name, "wrong", code) is None
    assert sign_in("nobody-at-all", password, code) is None
    admitted = sign_in(account.name.upper(), password, code)
    assert admitted and not admitted.enrols and len(admitted.secret) == 43
    secret = admitted.secret
    signed_in = sessions.recognise(secret)
    assert signed_in and signed_in.account.id == account.id
    with writing() as session:
        kept = session.execute(select(DeskSession).filter_by(account_id=account.id)).scalar_one()
        assert secret not in (kept.token_hash, kept.csrf)
    sessions.sign_out(signed_in)
    assert sessions.recognise(secret) is None


@pytest.mark.parametrize("change", [
    {"last_seen_at": now() - timedelta(hours=8, minutes=1)}, {"created_at": now() - timedelta(hours=16, minutes=1)},
])
def test_sessions_end(database: None, change: dict[str, object]) -> None:
    account, password = make_account(writing, "duty", "Ana")
    secret = secret_of(account, password)
    assert sessions.recognise(secret)
    with writing() as session:
        session.execute(update(DeskSession).where(DeskSession.account_id == account.id).values(**change))
    assert sessions.recognise(secret) is None


def test_disabling_and_a_new_password_end_sessions(database: None) -> None:
    account, password = make_account(writing, "duty", "Ana")
    secret = secret_of(account, password)
    with writing() as session:
        accounts.set_disabled(session, account.name, True, "test")
    assert sessions.recognise(secret) is None
    assert not secret_of(account, password)
    with writing() as session:
        accounts.set_disabled(session, account.name, False, "test")
    secret = secret_of(account, password)
    assert sessions.recognise(secret)
    with writing() as session:
        fresh = accounts.reset_password(session, account.name, "test")
    assert sessions.recognise(secret) is None
    assert not secret_of(account, password)
    assert secret_of(account, fresh)


def test_another_role_and_another_phone_end_sessions(database: None) -> None:
    account, password = make_account(writing, "duty", "Ana")
    secret = secret_of(account, password)
    with writing() as session:
        accounts.set_role(session, account.name, "supervisor", "test")
    assert sessions.recognise(secret) is None
    secret = secret_of(account, password)
    assert sessions.recognise(secret).account.role == "supervisor"
    with writing() as session:
        accounts.reset_second_factor(session, account.name, "test")
    assert sessions.recognise(secret) is None
    admitted = sign_in(account.name, password, "")
    assert admitted and admitted.enrols


def test_the_last_administrator_keeps_the_role(store: Store) -> None:
    with store.writing() as session:
        accounts.first_start(session)
    with pytest.raises(accounts.BadAccount), store.writing() as session:
        accounts.set_role(session, "admin", "duty", "test")
    with pytest.raises(accounts.BadAccount), store.writing() as session:
        accounts.set_role(session, "duty", "chief", "test")
    with store.writing() as session:
        accounts.set_role(session, "duty", "admin", "test")
        accounts.set_role(session, "admin", "duty", "test")
        assert {one.name: one.role for one in accounts.everyone(session)} == {"admin": "duty", "duty": "admin"}


def test_presence_means_an_open_page_of_somebody_who_sees_cases(store: Store) -> None:
    admin, _ = make_account(store.writing, "admin", "Root")
    duty, _ = make_account(store.writing, "duty", "Ana")
    with store.writing() as session:
        assert not accounts.duty_signed_in(session)
        session.add(DeskSession(token_hash="a", account_id=admin.id, csrf="x"))
        session.flush()
        assert not accounts.duty_signed_in(session)
        gone = now() - timedelta(seconds=95)
        session.add(DeskSession(token_hash="d", account_id=duty.id, csrf="x", last_seen_at=gone))
        session.flush()
        assert not accounts.duty_signed_in(session)
        session.execute(update(DeskSession).values(last_seen_at=now() - timedelta(seconds=80)))
        assert accounts.duty_signed_in(session)
        session.execute(update(Account).where(Account.id == duty.id).values(disabled=True))
        assert not accounts.duty_signed_in(session)


def test_tokens_hold_their_scope_and_only_a_hash_is_kept(store: Store) -> None:
    with store.writing() as session:
        made = tokens.create(session, "gateway", "channel")
        kept = session.execute(select(ApiToken)).scalar_one()
        assert made not in (kept.token_hash, kept.name) and len(kept.token_hash) == 64
        found = tokens.verify(session, made, "channel")
        assert found and found.name == "gateway"
        assert tokens.verify(session, made, "desk") is None
        assert tokens.verify(session, made + "x", "channel") is None
        assert tokens.revoke(session, "gateway") and not tokens.revoke(session, "gateway")
        assert tokens.verify(session, made, "channel") is None
        for name, scope in (("gateway", "desk"), ("other", "all"), ("Bad name", "desk")):
            with pytest.raises(tokens.BadToken):
                tokens.create(session, name, scope)


def test_a_token_ends_on_its_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.writing() as session:
        usual, short = tokens.create(session, "usual", "channel"), tokens.create(session, "short", "desk", days=1)
        for later, good in ((timedelta(hours=23), (True, True)), (timedelta(hours=25), (True, False)),
                            (timedelta(days=364), (True, False)), (timedelta(days=366), (False, False))):
            monkeypatch.setattr(tokens, "now", lambda later=later: now() + later)
            found = tokens.verify(session, usual, "channel"), tokens.verify(session, short, "desk")
            assert tuple(one is not None for one in found) == good, later
        for days in (0, -1, 3651):
            with pytest.raises(tokens.BadToken):
                tokens.create(session, "other", "desk", days=days)


def test_tokens_are_listed_and_revoked_on_the_command_line(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run = CliRunner().invoke
    made = run(token_command, ["add", "cli-short", "channel", "--country", "PT", "--days", "2"]).output.strip()
    assert re.search(rf"cli-short +channel +PT +active +{now() + timedelta(days=2):%Y-%m-%d}",
                     run(token_command, ["list"]).output)
    assert made not in run(token_command, ["list"]).output
    with monkeypatch.context() as patch:
        patch.setattr(token_module, "now", lambda: now() + timedelta(days=3))
        assert re.search("cli-short .* expired", run(token_command, ["list"]).output)
    assert run(token_command, ["revoke", "cli-short"]).exit_code == 0
    assert re.search("cli-short .* revoked", run(token_command, ["list"]).output)
    with writing() as session:
        assert tokens.verify(session, made, "channel") is None
    assert run(token_command, ["revoke", "cli-short"]).exit_code == 1
    assert run(token_command, ["add", "cli-long", "channel", "--days", "9999"]).exit_code == 1


def test_the_command_line(database: None) -> None:
    run = CliRunner().invoke
    added = run(commands, ["add", "cli-ana", "--role", "supervisor", "--display", "Ana Marin"])
    assert added.exit_code == 0
    assert sign_in("cli-ana", added.output.strip(), "").enrols
    assert "cli-ana" in run(commands, ["list"]).output
    renewed = run(commands, ["password", "cli-ana"]).output.strip()
    assert renewed != added.output.strip() and sign_in("cli-ana", renewed, "").enrols
    with writing() as session:
        account = accounts.named(session, "cli-ana")
    secret = secret_of(account, renewed)
    assert run(commands, ["role", "cli-ana", "duty"]).exit_code == 0
    assert sessions.recognise(secret) is None and sign_in("cli-ana", renewed, "") is None
    assert run(commands, ["second-factor-reset", "cli-ana"]).exit_code == 0
    assert sign_in("cli-ana", renewed, "").enrols
    assert run(commands, ["disable", "cli-ana"]).exit_code == 0
    assert sign_in("cli-ana", renewed, "") is None
    for command in (["password"], ["second-factor-reset"], ["disable"]):
        assert run(commands, [*command, "nobody-here"]).exit_code == 1
    assert run(commands, ["role", "nobody-here", "duty"]).exit_code == 1
    made = run(token_command, ["add", "cli-token", "desk"])
    with writing() as session:
        assert tokens.verify(session, made.output.strip(), "desk")
        acts = set(session.execute(select(AuditEntry.action).filter_by(subject="cli-ana")).scalars())
    assert {"account.added", "account.password", "account.role", "account.second_factor", "account.disabled"} <= acts
    assert run(token_command, ["add", "cli-token", "desk"]).exit_code == 1
