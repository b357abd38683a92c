"""Sign-in at the desk: name, password and code are judged together, and every failure is the same."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import writing
from bot.security import accounts, attempts, browsers, enrolment, second_factor, sessions
from bot.security.passwords import fits, nobodys_hash
from bot.security.tables import Account


@dataclass(frozen=True)
class Place:
    """Where an attempt comes from.

    Args:
        browser: the cookie by which the browser is known; empty where it has none.
        address: of the caller.
    """

    browser: str
    address: str


@dataclass(frozen=True)
class Admitted:
    """A sign-in that was right.

    Args:
        secret: for the browser's cookie, 256 random bits.
        browser: for the cookie by which the browser stays known; None where the account has no second factor yet, and
            the secret opens nothing but its setting-up.
    """

    secret: str
    browser: str | None

    @property
    def enrols(self) -> bool:
        """Whether a phone must be set up first."""
        return self.browser is None


def sign_in(name: str, password: str, code: str, place: Place) -> Admitted | None:
    """Check name, password and code together.

    Args:
        name: as typed.
        password: as typed.
        code: six digits of the phone or a recovery code, as typed; not looked at before a phone is set up.
        place: where it comes from.

    Returns:
        What the browser may do now; None in every case of failure, after the same work.
    """
    name = accounts.as_kept(name)
    of_codes = attempts.by_code(name)
    with writing() as session:
        account = session.execute(select(Account).filter_by(name=name, disabled=False)).scalar_one_or_none()
        known = browsers.recognise(session, account.id, place.browser) if account else None
        own = attempts.by_browser(known) if known else attempts.by_source(name, place.address)
        in_time = attempts.count(session, own)
    # The slow checks run outside any transaction: they would hold up everybody else's writing.
    right = fits(account.password_hash if account else nobodys_hash(), password) and in_time
    step = second_factor.step_of(account.id if account else None, account.totp_secret if account else None, code)
    with writing() as session:
        # A known browser's wrong codes are in its own count already.
        codes_in_time = attempts.count(session, of_codes, raised=right and not known)
        judged = account if right and (known or codes_in_time) else None
        admitted = _admit(session, judged, step, code, place.browser) if judged else None
        if admitted:
            attempts.clear(session, own, *([] if known else [of_codes]))
        elif account:
            attempts.refuse(session, of_codes, account)
        return admitted


def _admit(session: Session, account: Account, step: int | None, code: str, browser: str) -> Admitted | None:
    enrols = account.totp_secret is None
    if not enrols and step is None and not second_factor.spend_recovery_code(session, account.id, code):
        return None
    if not accounts.attempt_succeeded(session, account, step):
        return None
    if enrols:
        return Admitted(enrolment.begin(session, account), None)
    known = browsers.remember(session, account.id, browser)
    return Admitted(sessions.begin(session, account), known)
