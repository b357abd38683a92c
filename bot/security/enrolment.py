"""Setting up a phone at the first sign-in: a short-lived leave that opens nothing else."""
from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from bot.database import now, reading, writing
from bot.security import audit, browsers, second_factor, sessions
from bot.security.hashes import keyed_hash
from bot.security.tables import Account, Enrolment

LONGEST = timedelta(minutes=5)


@dataclass(frozen=True)
class Enrolling:
    """Who may set up a phone.

    Args:
        account: the account, which has no second factor yet.
        csrf: what each form must bring back.
        token_hash: the leave's key.
        sealed: the secret that the phone is to keep, sealed.
    """

    account: Account
    csrf: str
    token_hash: str
    sealed: str

    @property
    def secret(self) -> str:
        """The secret, as a phone takes it."""
        return second_factor.readable(self.account.id, self.sealed)

    def csrf_fits(self, given: str) -> bool:
        """Tell whether a form belongs to this leave."""
        return hmac.compare_digest(self.csrf.encode(), given.encode())


@dataclass(frozen=True)
class Enrolled:
    """A phone that was set up.

    Args:
        secret: for the cookie of the session that begins with it.
        browser: for the cookie by which the browser stays known.
        recovery_codes: shown once.
    """

    secret: str
    browser: str
    recovery_codes: list[str]


def begin(session: Session, account: Account) -> str:
    """Let a browser set up a phone; an earlier leave of the same account ends.

    Args:
        session: a writing transaction.
        account: an account whose password was right and that has no second factor.

    Returns:
        The secret for the browser's cookie, 256 random bits.
    """
    session.execute(delete(Enrolment).where(
        or_(Enrolment.account_id == account.id, Enrolment.created_at < now() - LONGEST)
    ).execution_options(synchronize_session=False))
    secret = secrets.token_urlsafe(32)
    session.add(Enrolment(token_hash=keyed_hash("enrolment", secret), account_id=account.id,
                          csrf=secrets.token_urlsafe(32), totp_secret=second_factor.new_secret(account.id),
                          created_at=now()))
    return secret


def recognise(secret: str) -> Enrolling | None:
    """Find the leave of a cookie.

    Args:
        secret: the cookie's value.

    Returns:
        Who may set up a phone; None where the leave is unknown, used or too old.
    """
    key = keyed_hash("enrolment", secret)
    with reading() as session:
        found = session.execute(
            select(Enrolment, Account).join(Account, Account.id == Enrolment.account_id).where(
                Enrolment.token_hash == key, Enrolment.created_at > now() - LONGEST,
                Account.disabled.is_(False), Account.totp_secret.is_(None),
            )
        ).first()
    return Enrolling(found.Account, found.Enrolment.csrf, key, found.Enrolment.totp_secret) if found else None


def confirm(enrolling: Enrolling, code: str, browser: str) -> Enrolled | None:
    """Take the phone for the account's second factor, if it shows the right code, and sign the browser in.

    Args:
        enrolling: from `recognise`.
        code: as typed.
        browser: the cookie by which the browser is known; empty where it has none.

    Returns:
        The session and the recovery codes; None where the code is wrong or the leave ended meanwhile.
    """
    step = second_factor.step_of(enrolling.account.id, enrolling.sealed, code)
    if step is None:
        return None
    with writing() as session:
        used = session.execute(delete(Enrolment).where(Enrolment.token_hash == enrolling.token_hash)
                               .execution_options(synchronize_session=False)).rowcount
        taken = used and session.execute(
            update(Account).where(Account.id == enrolling.account.id, Account.disabled.is_(False),
                                  Account.totp_secret.is_(None))
            .values(totp_secret=enrolling.sealed, totp_last_step=step)
            .execution_options(synchronize_session=False)
        ).rowcount
        if not taken:
            return None
        codes = second_factor.new_recovery_codes(session, enrolling.account.id)
        known = browsers.remember(session, enrolling.account.id, browser)
        audit.note(session, enrolling.account.name, "second_factor.enrolled")
        return Enrolled(sessions.begin(session, enrolling.account), known, codes)
