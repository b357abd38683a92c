"""What the desk decides about a case: decision, contact to referral, case manager, close; each is told."""
from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy.orm import Session

from bot.crash_points import reached
from bot.database import now
from bot.protocol.routes import title
from bot.referrals import reports
from bot.referrals.appointments import appointments_of
from bot.referrals.cases import AlreadyReferral, NotSaid, Opened, StillContact, done, find, find_own, required, say
from bot.referrals.claims import leave_chat
from bot.referrals.receipts import confirm_here
from bot.referrals.reference import clean_reference
from bot.referrals.tables import Appointment, Report
from bot.referrals.told import told
from bot.security.tables import Account

DECISIONS = ("accept", "need_more", "not_competent", "duplicate")
LONGEST_REASON = 2000
LONGEST_NAME = 120


def decide(session: Session, case_id: str, account: Account, decision: str, reason: str = "",
           where: str = "") -> Opened:
    """Decide about a case.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.
        decision: one of `DECISIONS`.
        reason: what is needed or why; may be empty for accept and duplicate.
        where: for not_competent where it went, for duplicate the reference of the other report.

    Returns:
        The case as it is now; the same decision given twice is told once.

    Raises:
        NoSuchCase: there is no such case.
        NotSaid: something required is missing, or there is no other report of that reference.
        StillContact: only a referral can be accepted.
        WrongState: the officer does not have the case.
    """
    opened = find_own(session, case_id, account)
    if decision not in DECISIONS:
        raise NotSaid("decision")
    if decision == "accept" and opened.case.kind != "referral":
        raise StillContact(case_id)
    optional = decision in ("accept", "duplicate")
    reason = "" if optional and not reason.strip() else required("reason", reason, LONGEST_REASON)
    kept, key = reason, decision
    if decision == "accept" and reason:
        key = "accept_reason"
    elif decision == "not_competent":
        where = required("where", where, LONGEST_REASON)
        kept = told("not_competent_kept", reason=reason, where=where)
    elif decision == "duplicate":
        kept = told("duplicate_kept", reason=reason, where=_other_report(session, opened.report, where))
    if (opened.case.decision, opened.case.decision_reason) != (decision, kept):
        opened.case.decision, opened.case.decision_reason = decision, kept
        session.flush()
        reached("decision.noted")
        # The other report's reference stays at the desk: the responder may have no part in it.
        say(session, opened, key, name=account.display_name, reason=reason, where=where)
        done(session, opened, account, f"case.{decision}")
    return find(session, case_id)


def _other_report(session: Session, report: Report, typed: str) -> str:
    reference = clean_reference(typed)
    other = reports.by_reference(session, reference) if reference else None
    if other is None or other.id == report.id:
        raise NotSaid("where")
    return str(reference)


def make_referral(session: Session, case_id: str, account: Account) -> Opened:
    """Make a contact a referral, confirmed by the officer in the responder's place.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.

    Returns:
        The case as it is now, with its reference.

    Raises:
        NoSuchCase: there is no such case.
        AlreadyReferral: it is one already.
        WrongState: the officer does not have the case.
    """
    opened = find_own(session, case_id, account)
    if opened.case.kind == "referral":
        raise AlreadyReferral(case_id)
    chat = opened.conversation.state
    reports.submit(session, opened.report, opened.conversation, account.name)
    # Sending asks for a person; this one has one already.
    opened.conversation.state = chat
    session.flush()
    confirm_here(session, opened.report.id, account.display_name)
    opened = find(session, case_id)
    say(session, opened, "made_referral", name=account.display_name, reference=str(opened.report.reference))
    done(session, opened, account, "case.made_referral")
    return opened


def name_case_manager(session: Session, case_id: str, account: Account, routes: Collection[str], manager: str,
                      organisation: str) -> Opened:
    """Name who looks after the persons of some routes from here on; who was named for others stays.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.
        routes: routes of persons of this case; where all are on one route none need be given.
        manager: name of the case manager.
        organisation: their organisation.

    Returns:
        The case as it is now; the same name given twice is told once.

    Raises:
        NoSuchCase: there is no such case.
        NotSaid: name or organisation is missing, or a route, or nobody in the case is on a route that was given.
        WrongState: the officer does not have the case.
    """
    opened = find_own(session, case_id, account)
    there = reports.routes_in(session, opened.report)
    chosen = set(routes) if routes or len(there) > 1 else set(there)
    if not chosen or not chosen <= set(there):
        raise NotSaid("route")
    manager = required("manager", manager, LONGEST_NAME)
    organisation = required("organisation", organisation, LONGEST_NAME)
    named = {one.route: one for one in appointments_of(session, case_id)}
    new = [route for route in chosen
           if route not in named or (named[route].manager, named[route].organisation) != (manager, organisation)]
    for route in new:
        one = named.get(route)
        if one is None:
            session.add(Appointment(id=str(uuid.uuid4()), case_id=case_id, report_id=opened.report.id, route=route,
                                    manager=manager, organisation=organisation))
        else:
            one.manager, one.organisation, one.at = manager, organisation, now()
    if new:
        sentence = "case_manager" if set(new) == set(there) else "case_manager_for"
        say(session, opened, sentence, name=account.display_name, manager=manager, organisation=organisation,
            whom=", ".join(title(route) for route in there if route in new))
        done(session, opened, account, "case.manager")
    session.flush()
    return find(session, case_id)


def close(session: Session, case_id: str, account: Account, reason: str) -> tuple[Opened, bool]:
    """Close a case.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.
        reason: why; the responder reads it.

    Returns:
        The case as it is now, and whether the assistant speaks in the chat from now on, so that the bot process is to
        be told.

    Raises:
        NoSuchCase: there is no such case.
        NotSaid: no reason was given.
        WrongState: the officer does not have the case, or it is closed already.
    """
    opened = find_own(session, case_id, account)
    reason = required("reason", reason, LONGEST_REASON)
    opened.case.state = "closed"
    opened.case.closed_at = now()
    session.flush()
    bot_speaks = leave_chat(session, opened)
    say(session, opened, "closed", name=account.display_name, reason=reason)
    done(session, opened, account, "case.closed")
    return find(session, case_id), bot_speaks
