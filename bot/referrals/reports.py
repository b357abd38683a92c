"""Loads and stores reports; a report becomes a contact or a referral here, and nowhere else."""
from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.conversations.messages import DESK, as_json, changed, hold, messages_after
from bot.conversations.tables import Conversation, Message
from bot.crash_points import reached
from bot.database import now
from bot.notices.outbox import announce
from bot.protocol.catalogue import text
from bot.protocol.parts import Part, part_of
from bot.protocol.profile import Profile, profile_of
from bot.protocol.record import PROTOCOL_VERSION, build
from bot.protocol.report import Data, in_danger, new_report, value
from bot.protocol.routes import here_of, routes_by_person, routes_of
from bot.referrals.appointments import appointments_of
from bot.referrals.index import index, usable_key
from bot.referrals.reference import new_reference
from bot.referrals.responders import enter_sender
from bot.referrals.tables import Amendment, Case, Receipt, Report
from bot.security import audit
from bot.security.invitations import binding_of
from bot.security.sealing import Unreadable
from bot.settings import settings


class StaleReport(RuntimeError):
    """Somebody else changed the report meanwhile; what was to be stored must be worked out anew."""


def begin_report(session: Session, conversation: Conversation, content: Data | None = None) -> Report:
    """Begin a report in a conversation; it is the one that the conversation is about from now on.

    Args:
        session: a writing transaction.
        conversation: where it is told.
        content: its first content; empty where none is given.
    """
    content = content or new_report()
    enter_sender(session, conversation, content)
    report = Report(id=str(uuid.uuid4()), conversation_id=conversation.id, data=content, version=1,
                    protocol_version=PROTOCOL_VERSION)
    session.add(report)
    session.flush()
    key = usable_key(session)
    report.index_key = key and key[0]
    index(session, report.id, content, here_for(content), key)
    conversation.report_id = report.id
    before = select(Message).filter_by(conversation_id=conversation.id, report_id=None)
    for message in session.execute(before).scalars():
        # What was written before there was a report is part of it, and sealed with it from now on.
        message.report_id = report.id
    session.flush()
    return report


def store_content(session: Session, report_id: str, version: int, content: Data) -> None:
    """Store a report's content where nobody changed it meanwhile; a referral's new routes get their receivers.

    Args:
        session: a writing transaction.
        report_id: the report.
        version: the version that the content was worked out from.
        content: the new content.

    Raises:
        StaleReport: the stored version is another one.
    """
    key = usable_key(session)
    done = session.execute(
        update(Report)
        .where(Report.id == report_id, Report.version == version)
        .values(version=version + 1, updated_at=now(), index_key=key and key[0],
                **Report.data.values(session, report_id, report_id, content))
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise StaleReport(report_id)
    index(session, report_id, content, here_for(content), key)
    session.expire_all()
    report = session.get(Report, report_id)
    if report.sent_at:
        note_receivers(session, report)


def readable(report: Report) -> bool:
    """Tell whether a report's content can be opened; where its row was changed or its key is gone, it cannot."""
    try:
        _ = report.data, report.reference
    except Unreadable:
        return False
    return True


def gone(report: Report) -> str:
    """Say why there is nothing to see of a report: erased, unreadable, or empty where it can be seen."""
    return "erased" if report.erased else "" if readable(report) else "unreadable"


def content_of(report: Report) -> Data:
    """Give a report's content; an empty one where it cannot be opened, so that it still rings and hides no other."""
    return report.data if readable(report) else new_report()


def current_report(session: Session, conversation: Conversation) -> Report:
    """Give the report that a conversation is about; a new one where there is none, or none that can be read."""
    report = session.get(Report, conversation.report_id) if conversation.report_id else None
    return report if report is not None and readable(report) else begin_report(session, conversation)


def profile_for(content: Data) -> tuple[Profile, bool]:
    """Find whose numbers and names hold for a report, and whether they are its own country's."""
    return profile_of(value(content, "country") or value(content, "organisation_country"), settings().profile)


def here_for(content: Data) -> str:
    """Give the ISO code of the country of a report."""
    return here_of(content, profile_of(None, settings().profile)[0].code)


def routes_in(session: Session, report: Report) -> list[str]:
    """Give the routes of a report's persons as they are now, each once, also of adults who said no to the referral.

    Where nobody is described, or can be read any more, they are those by which it was sent, else `consult`.
    """
    content = content_of(report)
    each = list(dict.fromkeys(routes_by_person(content, here_for(content)).values()))
    sent = select(Receipt.route).filter_by(report_id=report.id).order_by(Receipt.route)
    return each or list(session.execute(sent).scalars()) or ["consult"]


def part_for(content: Data, routes: Collection[str] | None) -> Part:
    """Give what may be read of a report by whoever looks after the persons of some routes; None stands for all."""
    return part_of(content, here_for(content), routes)


def open_case(session: Session, report: Report, conversation: Conversation, reason: str) -> Case:
    """Put a report in front of the desk, or raise what is there already.

    Args:
        session: a writing transaction.
        report: the report.
        conversation: its conversation; a bot's conversation is then waiting for a person.
        reason: danger, missing, human, consult, unfinished, undelivered, added or sent.

    Returns:
        The case. A new one, or one whose urgency rises, rings.
    """
    _as_it_is_now(session, report)
    content = content_of(report)
    urgent = in_danger(content)
    missing = value(content, "missing") == "now"
    case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one_or_none()
    limits = profile_for(content)[0].limits
    alarm_at = now() + timedelta(minutes=limits["claim_minutes_danger" if urgent else "claim_minutes"])
    news = case is None or conversation.state in ("bot", "closed")
    if case is None:
        case = Case(id=str(uuid.uuid4()), report_id=report.id, conversation_id=conversation.id, kind="contact",
                    reason=reason, danger=urgent, missing=missing, state="open", opened_at=now(), alarm_at=alarm_at,
                    alarms=0)
        session.add(case)
    else:
        rises = (urgent and not case.danger) or (missing and not case.missing)
        if case.state == "closed":
            # Whoever asks again for a person is heard again, and nobody has read that yet.
            case.state, case.owner_id, case.closed_at, case.reason = "open", None, None, reason
            case.acknowledged_at = case.acknowledged_by = None
            case.opened_at, case.alarm_at = now(), alarm_at
            news = True
        if rises:
            news = True
            case.danger, case.missing, case.reason = case.danger or urgent, case.missing or missing, reason
            case.alarm_at = alarm_at if case.state == "open" else case.alarm_at
    if conversation.state in ("bot", "closed"):
        conversation.state = "waiting"
    changed(session, DESK, alarm=True)
    changed(session, conversation.id)
    if reason == "undelivered":
        tell_outside(session, "undelivered", case)
    elif news and reason != "sent":
        tell_outside(session, "wanted", case, urgent=reason == "human")
    session.flush()
    return case


def tell_outside(session: Session, kind: str, case: Case, urgent: bool = False) -> None:
    """Note that people who do not look at the desk must hear of a case.

    Args:
        session: the writing transaction of the event.
        kind: what happened, as `bot.notices.wording` names it.
        case: the case.
        urgent: True where it is urgent though nobody is in danger or missing.
    """
    urgent = urgent or case.danger or case.missing or case.reason == "human"
    announce(session, kind, "urgent" if urgent else "normal", case.report_id)


def submit(session: Session, report: Report, conversation: Conversation, by: str, reference: str | None = None) -> str:
    """Make a referral of a report: once, however often it is asked for.

    Args:
        session: a writing transaction; record, receipts, case, notices and the entry of the audit trail are stored in
            it together.
        report: the report.
        conversation: its conversation.
        by: who sends it: the owner of the conversation, or an officer's name.
        reference: the reference that was drawn for it; a new one where none is given.

    Returns:
        The reference under which it is stored.
    """
    _as_it_is_now(session, report)
    if report.reference:
        return str(report.reference)
    report.reference = reference or new_reference()
    report.sent_at = now()
    note_receivers(session, report)
    case = open_case(session, report, conversation, "sent")
    case.kind = "referral"
    case.reason = "sent"
    tell_outside(session, "referral", case)
    audit.note(session, by, "referral.sent", report.id)
    reached("submit.before_commit")
    return str(report.reference)


def _as_it_is_now(session: Session, report: Report) -> None:
    """Hold a report's conversation, and look at the report again: somebody else may have written meanwhile."""
    session.flush()
    hold(session, report.conversation_id)
    session.refresh(report)


def note_receivers(session: Session, report: Report) -> None:
    """Note whom a referral must reach: a receipt for each of its routes, also those that later answers bring."""
    profile = profile_for(report.data)[0]
    known = set(session.execute(select(Receipt.route).filter_by(report_id=report.id)).scalars())
    case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one_or_none()
    reader = case.acknowledged_by if case is not None else None
    for route in routes_of(report.data, here_for(report.data)):
        receiver = profile.receivers[route]
        if route not in known:
            # Whoever has received the report has received what it brings later.
            by = reader if receiver.on_this_desk else None
            session.add(Receipt(id=str(uuid.uuid4()), report_id=report.id, route=route, receiver=receiver.name,
                                phone=receiver.phone, on_this_desk=receiver.on_this_desk, confirmed_by=by,
                                confirmed_at=now() if by else None))


def confirm_receipt(session: Session, report_id: str, route: str, by: str) -> bool:
    """Note that a route's receiver has taken the case; False where it was noted before or there is no such route."""
    return confirm(session, by, Receipt.report_id == report_id, Receipt.route == route)


def confirm(session: Session, by: str, *which: ColumnElement[bool]) -> bool:
    """Note of some receipts who has confirmed them, where nobody did before; the first one stays.

    Args:
        session: a writing transaction.
        by: who confirms.
        which: the condition on the receipts.

    Returns:
        Whether there was one.
    """
    # Held, and as they are now: of two at once the second sees what the first has noted.
    open_ones = (select(Receipt).where(*which, Receipt.confirmed_at.is_(None)).order_by(Receipt.id).with_for_update()
                 .execution_options(populate_existing=True))
    receipts = session.execute(open_ones).scalars().all()
    for receipt in receipts:
        receipt.confirmed_at, receipt.confirmed_by = now(), by
    session.flush()
    return bool(receipts)


def amend(session: Session, report_id: str, words: str, author: str, verified: bool, message_id: str | None) -> None:
    """Store an addition to a report that was sent; the same message adds once."""
    if message_id:
        known = session.execute(select(Amendment.id).filter_by(report_id=report_id, message_id=message_id)).first()
        if known:
            return
    session.add(Amendment(id=str(uuid.uuid4()), report_id=report_id, message_id=message_id, text=words, author=author,
                          verified=verified))
    case = session.execute(select(Case).filter_by(report_id=report_id)).scalar_one_or_none()
    if verified and case is not None and case.state == "closed":
        report = session.get(Report, report_id)
        open_case(session, report, session.get(Conversation, report.conversation_id), "added")
    changed(session, DESK)


def by_reference(session: Session, reference: str) -> Report | None:
    """Find a report by its reference."""
    query = select(Report).filter_by(**Report.reference.lookup(session, reference))
    return session.execute(query).scalar_one_or_none()


def state_in_words(session: Session, report: Report) -> str:
    """Say how a referral stands, in the words for the responder who sent it."""
    case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one_or_none()
    if case is None or not case.acknowledged_by:
        return text("status_stored", when=_clock(report.sent_at))
    parts = [text("status_received", name=case.acknowledged_by, when=_clock(case.acknowledged_at))]
    if case.decision:
        parts = [text("status_decided", name=case.acknowledged_by, decision=case.decision.replace("_", " "))]
    named = dict.fromkeys((one.manager, one.organisation) for one in appointments_of(session, case.id))
    parts += [text("status_manager", name=name, organisation=organisation) for name, organisation in named]
    elsewhere = select(Receipt).filter_by(report_id=report.id, on_this_desk=False)
    for receipt in session.execute(elsewhere.where(Receipt.confirmed_at.is_not(None))).scalars():
        parts.append(text("status_taken", receiver=receipt.receiver))
    if case.state == "closed":
        parts.append(text("status_closed"))
    return "; ".join(parts)


def _clock(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "-"


def record_of(session: Session, report: Report) -> dict[str, Any]:
    """Write the whole record of a report, as the schema says.

    Args:
        session: any transaction.
        report: the report.

    Returns:
        JSON-able data: content, routes, receipts, amendments, the desk's part, assessment and transcript.
    """
    conversation = session.get(Conversation, report.conversation_id)
    case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one_or_none()
    receipts = session.execute(select(Receipt).filter_by(report_id=report.id)).scalars()
    amendments = session.execute(
        select(Amendment).filter_by(report_id=report.id).order_by(Amendment.created_at)
    ).scalars()
    content = content_of(report)
    here = here_for(content)
    shown = [as_json(m, conversation) for m in messages_after(session, report.conversation_id)
             if m.report_id in (None, report.id)]
    return {
        **build(content, here),
        "status": gone(report) or ("referral" if report.sent_at else "contact" if case else "draft"),
        "conversation": conversation.name or conversation.id,
        "reference": report.reference if readable(report) else None,
        "state": conversation.state,
        "protocol_version": report.protocol_version,
        "country": here,
        "reporter_verified": binding_of(session, conversation.owner) is not None,
        "created_at": report.created_at.isoformat(),
        "updated_at": report.updated_at.isoformat(),
        "sent_at": _iso(report.sent_at),
        "receipts": [
            {"route": r.route, "receiver": r.receiver, "phone": r.phone, "on_this_desk": r.on_this_desk,
             "confirmed_at": _iso(r.confirmed_at), "confirmed_by": r.confirmed_by}
            for r in receipts
        ],
        "amendments": [
            {"text": a.text, "author": a.author, "verified": a.verified, "at": a.created_at.isoformat()}
            for a in amendments
        ],
        "desk": None if case is None else {
            "kind": case.kind, "reason": case.reason, "state": case.state, "danger": case.danger,
            "missing": case.missing, "acknowledged_by": case.acknowledged_by,
            "acknowledged_at": _iso(case.acknowledged_at), "decision": case.decision,
            "decision_reason": case.decision_reason,
            "case_managers": [{"route": one.route, "name": one.manager, "organisation": one.organisation}
                              for one in appointments_of(session, case.id)],
        },
        "transcript": shown,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
