"""A case of the desk: how it is found, and what can be wrong with an act on it.

    CaseError (Exception)
    ├── NoSuchCase          there is no such case, or no such part of it
    ├── NotAllowed          the account's role may not do this
    ├── NotSaid             something that must be said is missing or cannot be right; `field` names it
    └── WrongState          the case is not in the state that the act needs
        ├── OwnedByOther    another officer has it; `owner` names them
        ├── NotClaimed      nobody has claimed it
        ├── ChatWithBot     the assistant is speaking, so a person cannot
        ├── StillContact    it is a contact, and the act needs a referral
        ├── AlreadyReferral it is a referral already
        ├── CaseClosed      it was closed
        ├── CaseErased      its content was erased
        ├── OnHold          a legal hold stands on it
        ├── NotHeld         no legal hold stands on it
        └── ChangedMeanwhile somebody changed the record since the page was shown
"""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, exists, false, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.conversations.messages import DESK, changed, hold
from bot.conversations.tables import Conversation
from bot.referrals.appointments import appointed, carried
from bot.referrals.notices import notify
from bot.referrals.reports import content_of, profile_for
from bot.referrals.tables import Appointment, Case, Receipt, Report
from bot.referrals.told import told
from bot.security import audit
from bot.security.accounts import DESK_ROLES, MANAGER
from bot.security.tables import Account

LONGEST_TEXT = 10_000
"""Characters of a message or a reason."""


class CaseError(Exception):
    """An act on a case cannot be done; nothing was changed."""


class NoSuchCase(CaseError):
    """There is no such case, or no such part of it."""


class NotAllowed(CaseError):
    """The account's role may not do this."""


class NotSaid(CaseError):
    """Something that must be said is missing or cannot be right."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class WrongState(CaseError):
    """The case is not in the state that the act needs."""


class OwnedByOther(WrongState):
    """Another officer has the case, or the chat that it came from."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


class NotClaimed(WrongState):
    """Nobody has claimed the case."""


class ChatWithBot(WrongState):
    """The assistant is speaking in the chat, so a person cannot."""


class StillContact(WrongState):
    """It is a contact, and the act needs a referral."""


class AlreadyReferral(WrongState):
    """It is a referral already."""


class CaseClosed(WrongState):
    """The case was closed."""


class CaseErased(WrongState):
    """The content of the case was erased."""


class OnHold(WrongState):
    """A legal hold stands on the case."""


class NotHeld(WrongState):
    """No legal hold stands on the case."""


class ChangedMeanwhile(WrongState):
    """Somebody changed the record since the page was shown."""


@dataclass
class Opened:
    """A case with the rows around it."""

    case: Case
    report: Report
    conversation: Conversation
    owner: Account | None


def find(session: Session, case_id: str) -> Opened:
    """Find a case.

    Args:
        session: any transaction.
        case_id: its id.

    Returns:
        The case, its report, its conversation and its owner, as the database has them now.

    Raises:
        NoSuchCase: there is none.
    """
    query = (
        select(Case, Report, Conversation, Account)
        .join(Report, Report.id == Case.report_id)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .outerjoin(Account, Account.id == Case.owner_id)
        .where(Case.id == case_id)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query).first()
    if row is None:
        raise NoSuchCase(case_id)
    return Opened(*row)


def seen_by(session: Session, account: Account) -> ColumnElement[bool]:
    """Give the condition on the cases that an account sees; of one case that was loaded, `sees` tells the same.

    Args:
        session: any transaction.
        account: who looks.

    Returns:
        All for an officer; for a case manager the accepted referrals that name them for a route; none for anybody else.
        How much of a case is seen: `routes_seen`.
    """
    if account.role in DESK_ROLES:
        return true()
    if account.role != MANAGER:
        return false()
    named = select(Appointment.case_id).where(appointed(session, account))
    return and_(Case.kind == "referral", Case.decision == "accept", Case.id.in_(named))


def seen_by_route(session: Session, account: Account) -> ColumnElement[bool]:
    """Give the condition on the receipts of a case whose routes an account sees: all, or those that name it."""
    if account.role in DESK_ROLES:
        return true()
    return exists().where(Appointment.case_id == Case.id, Appointment.route == Receipt.route,
                          appointed(session, account)).correlate(Case, Receipt)


def routes_seen(session: Session, account: Account, cases: Collection[str]) -> dict[str, frozenset[str] | None]:
    """Give the routes whose persons an account may read of, by case.

    Args:
        session: any transaction.
        account: who looks.
        cases: ids of the cases.

    Returns:
        None, which is all, of every case for an officer; for a case manager the routes that name them; cases of which
        nothing is seen are left out.
    """
    if account.role in DESK_ROLES:
        return dict.fromkeys(cases)
    return dict(carried(session, account, cases)) if account.role == MANAGER else {}


def sees(session: Session, account: Account, case: Case) -> bool:
    """Tell whether an account sees a case; `seen_by` tells the same of many."""
    return case.id in routes_seen(session, account, [case.id])


def find_seen(session: Session, case_id: str, account: Account) -> Opened:
    """Find a case that an account sees.

    Args:
        session: any transaction.
        case_id: its id.
        account: who looks.

    Returns:
        The case.

    Raises:
        NoSuchCase: there is none that the account sees.
    """
    opened = find(session, case_id)
    if not sees(session, account, opened.case):
        raise NoSuchCase(case_id)
    return opened


def find_held(session: Session, case_id: str) -> Opened:
    """Find a case, and hold its conversation until the transaction ends (see `messages.hold`).

    Args:
        session: a writing transaction.
        case_id: its id.

    Returns:
        The case, as the database has it now and nobody else changes it.

    Raises:
        NoSuchCase: there is none.
    """
    hold(session, *session.execute(select(Case.conversation_id).where(Case.id == case_id)).scalars())
    return find(session, case_id)


def must_be_officer(account: Account) -> None:
    """Refuse an account that sees no cases.

    Raises:
        NotAllowed: its role is not one of the desk.
    """
    if account.role not in DESK_ROLES:
        raise NotAllowed(account.role)


def find_own(session: Session, case_id: str, account: Account) -> Opened:
    """Find a case that an officer has claimed, and hold it until the transaction ends.

    Args:
        session: a writing transaction.
        case_id: its id.
        account: the officer.

    Returns:
        The case.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account sees no cases.
        CaseClosed: it was closed.
        OwnedByOther: another officer has it.
        NotClaimed: nobody has it.
    """
    must_be_officer(account)
    opened = find_held(session, case_id)
    if opened.case.owner_id != account.id or opened.case.state != "claimed":
        raise why_not(opened)
    return opened


def why_not(opened: Opened) -> WrongState:
    """Name what stands in the way of working on a case."""
    if opened.case.state == "closed":
        return CaseErased(opened.case.id) if opened.report.erased else CaseClosed(opened.case.id)
    if opened.owner is not None:
        return OwnedByOther(opened.owner.display_name)
    return NotClaimed(opened.case.id)


def say(session: Session, opened: Opened, key: str, **values: str) -> None:
    """Tell the responder what the desk did; emergency and duty number are those of the case's country.

    Args:
        session: the writing transaction of the act.
        opened: the case.
        key: id of the sentence in `data/told.yml`.
        values: what stands for its braces.
    """
    profile = profile_for(content_of(opened.report))[0]
    notify(session, opened.report, opened.conversation,
           told(key, **{"emergency": profile.emergency, "duty_phone": profile.duty.phone, **values}))


def done(session: Session, opened: Opened, account: Account, action: str, alarm: bool = False) -> None:
    """End an act: write the trail and wake the open pages.

    Args:
        session: the writing transaction of the act.
        opened: the case.
        account: who acted.
        action: name of the act in the trail.
        alarm: True where the desk must ring again.
    """
    audit.note(session, account.name, action, opened.case.id)
    changed(session, DESK, alarm=alarm)
    changed(session, opened.conversation.id)


def required(field: str, text: str, longest: int = LONGEST_TEXT) -> str:
    """Clean what an officer must say.

    Args:
        field: name of the input.
        text: as typed.
        longest: characters allowed.

    Returns:
        The text without control characters and outer spaces.

    Raises:
        NotSaid: nothing is left, or it is too long.
    """
    clean = "".join(c for c in text.replace("\r\n", "\n") if c.isprintable() or c in "\n\t\u200c\u200d").strip()
    if not clean or len(clean) > longest:
        raise NotSaid(field)
    return clean
