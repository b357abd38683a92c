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
        found = session.execute(select(Account).filter_by(name=name)).scalar_one_or_none()
        account = found or _nobody()
        known = browsers.recognise(session, account.id, place.browser)
        own = attempts.by_browser(known) if known else attempts.by_source(name, place.address)
        in_time = attempts.count(session, own)
    # The slow checks run outside any transaction: they would hold up everybody else's writing.
    right = fits(account.password_hash, password) and in_time and not account.disabled
    step = second_factor.step_of(account.id, account.totp_secret, code)
    with writing() as session:
        # A known browser's wrong codes are in its own count already.
        codes_in_time = attempts.count(session, of_codes, raised=right and not known)
        judged = account if right and (known or codes_in_time) else _nobody()
        if not _proven(session, judged, step, code):
            attempts.refuse(session, of_codes, found)
            return None
        attempts.clear(session, own, *([] if known else [of_codes]))
        if judged.totp_secret is None:
            return Admitted(enrolment.begin(session, judged), None)
        remembered = browsers.remember(session, judged.id, place.browser)
        return Admitted(sessions.begin(session, judged), remembered)


def _nobody() -> Account:
    """Give an account that stands in where none may be judged: it is in no table, so what is done finds no row."""
    return Account(id="nobody", disabled=True, password_hash=nobodys_hash())


def _proven(session: Session, account: Account, step: int | None, code: str) -> bool:
    spent = second_factor.spend_recovery_code(session, account.id, code)
    proven = account.totp_secret is None or step is not None or spent
    return accounts.attempt_succeeded(session, account if proven else _nobody(), step)
