"""Sign-in at the desk: name, password and code are judged together, and every failure is the same."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.database import writing
from bot.security import accounts, audit, enrolment, second_factor, sessions
from bot.security.passwords import fits, nobodys_hash
from bot.security.tables import Account


@dataclass(frozen=True)
class Admitted:
    """A sign-in that was right.

    Args:
        secret: for the browser's cookie, 256 random bits.
        enrols: True where the account has no second factor yet and the secret opens nothing but its setting-up.
    """

    secret: str
    enrols: bool


def sign_in(name: str, password: str, code: str) -> Admitted | None:
    """Check name, password and code together.

    Args:
        name: as typed.
        password: as typed.
        code: six digits of the phone or a recovery code, as typed; not looked at before a phone is set up.

    Returns:
        What the browser may do now; None in every case of failure, after the same work.
    """
    with writing() as session:
        account = accounts.begin_attempt(session, name)
    # The slow checks run outside any transaction: they would hold up everybody else's writing.
    good = fits(account.password_hash if account else nobodys_hash(), password)
    step = second_factor.step_of(account.id if account else None, account.totp_secret if account else None, code)
    with writing() as session:
        admitted = _admit(session, account, step, code) if account and good else None
        if account and admitted is None:
            audit.note(session, account.name, "sign_in.refused")
        return admitted


def _admit(session: Session, account: Account, step: int | None, code: str) -> Admitted | None:
    enrols = account.totp_secret is None
    if not enrols and step is None and not second_factor.spend_recovery_code(session, account.id, code):
        return None
    if not accounts.attempt_succeeded(session, account, step):
        return None
    return Admitted((enrolment if enrols else sessions).begin(session, account), enrols)
