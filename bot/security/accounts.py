"""Accounts of the desk: who there is, first start, passwords, roles.

    AccountError (ValueError)
    ├── BadAccount          the name, role or display name cannot be used
    └── NoSuchAccount       there is no account of that name
"""
from __future__ import annotations

import re
import uuid
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import now
from bot.security import attempts, audit, second_factor
from bot.security.passwords import hash_password, new_password
from bot.security.tables import Account, DeskSession, Enrolment, KnownBrowser

ADMIN, DUTY, SUPERVISOR, MANAGER, DPO = "admin", "duty", "supervisor", "manager", "dpo"
ROLES = (ADMIN, DUTY, SUPERVISOR, MANAGER, DPO)
DESK_ROLES = (DUTY, SUPERVISOR)
"""Roles that see and take all cases. A case manager sees some; administrator and data protection officer see none."""

PRESENT = timedelta(seconds=90)
"""A desk page that was heard of within this time counts as open."""

_NAME = re.compile(r"[a-z][a-z0-9_.-]{1,39}")


class AccountError(ValueError):
    """An account cannot be made or changed so; the message says why."""


class BadAccount(AccountError):
    """The name, role or display name cannot be used."""


class NoSuchAccount(AccountError):
    """There is no account of that name."""


def everyone(session: Session) -> list[Account]:
    """Give all accounts by name."""
    return list(session.execute(select(Account).order_by(Account.name)).scalars())


def add(session: Session, name: str, role: str, display: str, actor: str) -> str:
    """Make an account.

    Args:
        session: a writing transaction.
        name: for signing in; unique.
        role: one of `ROLES`.
        display: the name that responders read.
        actor: who makes it.

    Returns:
        The drawn password; it is shown once.

    Raises:
        BadAccount: name, role or display name cannot be used, or there is a case manager of that display name.
    """
    name, display = name.strip().lower(), " ".join(display.split())
    if not _NAME.fullmatch(name):
        raise BadAccount("name: 2 to 40 letters, digits, dots or dashes, beginning with a letter")
    if role not in ROLES:
        raise BadAccount(f"role: one of {', '.join(ROLES)}")
    if not 2 <= len(display) <= 80 or not display.isprintable():
        raise BadAccount("display name: 2 to 80 characters; responders read it")
    _must_be_the_only_manager(session, role, display, name)
    password = new_password()
    try:
        with session.begin_nested():
            session.add(Account(id=str(uuid.uuid4()), name=name, display_name=display, role=role,
                                password_hash=hash_password(password)))
    except IntegrityError as error:
        raise BadAccount(f"an account '{name}' exists already") from error
    audit.note(session, actor, "account.added", name)
    return password


def first_start(session: Session) -> list[tuple[str, str]]:
    """Make the first two accounts, `admin` and `duty`, where there is none at all.

    Args:
        session: a writing transaction.

    Returns:
        Names and passwords to print once; empty where accounts exist.
    """
    if session.execute(select(func.count(Account.id))).scalar():
        return []
    wanted = ((ADMIN, ADMIN, "Administrator"), (DUTY, DUTY, "Duty officer"))
    return [(name, add(session, name, role, display, "first start")) for name, role, display in wanted]


def as_kept(typed: str) -> str:
    """Give a name that somebody typed as an account would have it; empty where no account can."""
    name = typed.strip().lower()
    return name if _NAME.fullmatch(name) else ""


def named(session: Session, name: str) -> Account:
    """Find an account.

    Args:
        session: any transaction.
        name: its name.

    Returns:
        The account.

    Raises:
        NoSuchAccount: there is none.
    """
    account = session.execute(select(Account).filter_by(name=name.strip().lower())).scalar_one_or_none()
    if account is None:
        raise NoSuchAccount(f"there is no account '{name}'")
    return account


def reset_password(session: Session, name: str, actor: str) -> str:
    """Draw a new password and end the account's sessions.

    Args:
        session: a writing transaction.
        name: the account.
        actor: who asks for it.

    Returns:
        The new password; it is shown once.

    Raises:
        NoSuchAccount: there is none.
    """
    account = named(session, name)
    password = new_password()
    attempts.clear(session, attempts.by_code(account.name))
    account.password_hash = hash_password(password)
    _end_sessions(session, account)
    audit.note(session, actor, "account.password", account.name)
    return password


def reset_second_factor(session: Session, name: str, actor: str) -> None:
    """Take an account's second factor and recovery codes away and end its sessions; the next sign-in sets up a new one.

    Args:
        session: a writing transaction.
        name: the account.
        actor: who asks for it.

    Raises:
        NoSuchAccount: there is none.
    """
    account = named(session, name)
    second_factor.forget(session, account)
    _end_sessions(session, account)
    audit.note(session, actor, "account.second_factor", account.name)


def set_role(session: Session, name: str, role: str, actor: str) -> None:
    """Give an account another role, which ends its sessions.

    Args:
        session: a writing transaction.
        name: the account.
        role: one of `ROLES`.
        actor: who decides so.

    Raises:
        NoSuchAccount: there is none.
        BadAccount: there is no such role, it is the last administrator who could sign in, or there is a case manager
            of that display name.
    """
    account = named(session, name)
    if role not in ROLES:
        raise BadAccount(f"role: one of {', '.join(ROLES)}")
    if role != ADMIN and _is_last_administrator(session, account):
        raise BadAccount("the last administrator must stay one")
    _must_be_the_only_manager(session, role, account.display_name, account.name)
    account.role = role
    _end_sessions(session, account)
    audit.note(session, actor, "account.role", account.name)


def _must_be_the_only_manager(session: Session, role: str, display: str, name: str) -> None:
    # A case names its manager as people read it; two of one name would read each other's cases.
    query = select(Account.id).where(Account.role == MANAGER, Account.display_name == display, Account.name != name)
    if role == MANAGER and session.execute(query).first() is not None:
        raise BadAccount(f"there is a case manager '{display}' already; add something that tells them apart")


def set_disabled(session: Session, name: str, disabled: bool, actor: str) -> None:
    """Disable an account, which ends its sessions at once, or enable it again.

    Args:
        session: a writing transaction.
        name: the account.
        disabled: whether it may no longer sign in.
        actor: who decides so.

    Raises:
        NoSuchAccount: there is none.
        BadAccount: it is the last administrator who could sign in.
    """
    account = named(session, name)
    if disabled and _is_last_administrator(session, account):
        raise BadAccount("the last administrator cannot be disabled")
    account.disabled = disabled
    if disabled:
        _end_sessions(session, account)
    audit.note(session, actor, "account.disabled" if disabled else "account.enabled", account.name)


def _is_last_administrator(session: Session, account: Account) -> bool:
    # Held, so that the last two administrators cannot stop each other at the same moment.
    admins = session.execute(
        select(Account).where(Account.role == ADMIN, Account.disabled.is_(False)).order_by(Account.id).with_for_update()
        .execution_options(populate_existing=True)
    ).scalars().all()
    return [one.id for one in admins] == [account.id]


def _end_sessions(session: Session, account: Account) -> None:
    for table in (DeskSession, Enrolment, KnownBrowser):
        session.execute(delete(table).where(table.account_id == account.id))


def attempt_succeeded(session: Session, account: Account, step: int | None = None) -> bool:
    """Accept an attempt in one statement, and use its code up.

    Args:
        session: a writing transaction.
        account: as it was when its password and code were checked.
        step: the time step of the code; None where it was another proof.

    Returns:
        Whether it holds: the account is still the same, and no code of this step or a later one was accepted before,
        by any process.
    """
    unused = or_(Account.totp_last_step.is_(None), Account.totp_last_step < step) if step is not None else True
    accepted = session.execute(
        update(Account).where(
            Account.id == account.id, Account.disabled.is_(False), Account.password_hash == account.password_hash,
            Account.totp_secret.is_not_distinct_from(account.totp_secret), unused,
        ).values(
            totp_last_step=Account.totp_last_step if step is None else step
        ).execution_options(synchronize_session=False)
    )
    return bool(accepted.rowcount)


def duty_signed_in(session: Session) -> bool:
    """Tell whether somebody who sees cases has a desk page open right now."""
    query = select(DeskSession.token_hash).join(Account, Account.id == DeskSession.account_id).where(
        Account.role.in_(DESK_ROLES), Account.disabled.is_(False), DeskSession.last_seen_at > now() - PRESENT
    )
    return session.execute(query.limit(1)).first() is not None
