"""Tables of the reports: the draft from the first word on, the desk's case, and each route's receipt."""
from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, UniqueConstraint

from bot.database import Base, UtcTime, now
from bot.protocol.catalogue import text as sentence
from bot.protocol.report import new_report
from bot.security.sealed import Sealed, SealedRow


class Report(SealedRow, Base):
    """One report: a draft from the first message on, a referral once `reference` and `sent_at` are set.

    `data` is the content as `bot.protocol.report` keeps it; `version` guards against two writers. `index_key` is
    the key that its tokens are made with; empty where they must be made first.
    """

    __tablename__ = "reports"
    id = Column(String(36), primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id"), nullable=False, index=True)
    data = Sealed(as_json=True, erased=new_report)
    version = Column(Integer, nullable=False, default=1)
    reference = Sealed(nullable=True, hashed="reference")
    protocol_version = Column(String(16), nullable=False)
    sent_at = Column(UtcTime, nullable=True)
    dropped_at = Column(UtcTime, nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)
    updated_at = Column(UtcTime, nullable=False, default=now)
    index_key = Column(String(32), nullable=True, index=True)
    __table_args__ = (Index("reports_drafts", "sent_at", "created_at"),)
    sealed_under = ("id",)


class SearchToken(Base):
    """One thing that a report is found by: its kind, and a keyed hash of it. Backups leave this table out."""

    __tablename__ = "search_tokens"
    token = Column(String(64), primary_key=True)
    report_id = Column(ForeignKey("reports.id"), primary_key=True, index=True)
    kind = Column(String(8), primary_key=True)


class Case(SealedRow, Base):
    """What the desk sees of a report: a contact (a person is wanted or needed) or a referral (it was sent).

    `reason` says why it is there: danger, missing, human, consult, unfinished, undelivered, added,
    sent.
    `state` is open, claimed or closed.
    """

    __tablename__ = "cases"
    id = Column(String(36), primary_key=True)
    report_id = Column(ForeignKey("reports.id"), unique=True, nullable=False)
    conversation_id = Column(ForeignKey("conversations.id"), nullable=False, index=True)
    kind = Column(String(10), nullable=False)
    reason = Column(String(12), nullable=False)
    danger = Column(Boolean, nullable=False, default=False)
    missing = Column(Boolean, nullable=False, default=False)
    state = Column(String(8), nullable=False, default="open")
    owner_id = Column(ForeignKey("accounts.id"), nullable=True)
    opened_at = Column(UtcTime, nullable=False, default=now)
    claimed_at = Column(UtcTime, nullable=True)
    acknowledged_at = Column(UtcTime, nullable=True)
    acknowledged_by = Column(String(80), nullable=True)
    alarm_at = Column(UtcTime, nullable=True)
    alarms = Column(Integer, nullable=False, default=0)
    decision = Column(String(16), nullable=True)
    decision_reason = Sealed(nullable=True, damaged=lambda: sentence("unreadable"))
    closed_at = Column(UtcTime, nullable=True)
    __table_args__ = (Index("cases_queue", "state", "danger", "opened_at"), Index("cases_closed", "state", "closed_at"))
    sealed_under = ("report_id",)


class Appointment(SealedRow, Base):
    """That somebody is the case manager for the persons of one route of a case; `manager` is a display name."""

    __tablename__ = "appointments"
    id = Column(String(36), primary_key=True)
    case_id = Column(ForeignKey("cases.id"), nullable=False)
    report_id = Column(ForeignKey("reports.id"), nullable=False, index=True)
    route = Column(String(20), nullable=False)
    manager = Sealed(hashed="case_manager", unique=False, damaged=lambda: sentence("unreadable"))
    organisation = Sealed(damaged=lambda: sentence("unreadable"))
    at = Column(UtcTime, nullable=False, default=now)
    __table_args__ = (UniqueConstraint("case_id", "route"), Index("ix_appointments_manager_hash", "manager_hash"))
    sealed_under = ("report_id",)


class Receipt(SealedRow, Base):
    """That the persons of one route reached, or have not yet reached, that route's receiver."""

    __tablename__ = "receipts"
    id = Column(String(36), primary_key=True)
    report_id = Column(ForeignKey("reports.id"), nullable=False)
    route = Column(String(20), nullable=False)
    receiver = Sealed(erased=lambda: sentence("erased"), damaged=lambda: sentence("unreadable"))
    phone = Sealed(erased=str, damaged=str)
    on_this_desk = Column(Boolean, nullable=False)
    confirmed_at = Column(UtcTime, nullable=True)
    confirmed_by = Sealed(nullable=True, erased=lambda: sentence("erased"), damaged=lambda: sentence("unreadable"))
    __table_args__ = (UniqueConstraint("report_id", "route"),)
    sealed_under = ("report_id",)


class Amendment(SealedRow, Base):
    """What came to a report after it was sent; unverified where it did not come from the conversation that sent it."""

    __tablename__ = "amendments"
    id = Column(String(36), primary_key=True)
    report_id = Column(ForeignKey("reports.id"), nullable=False)
    message_id = Column(String(36), nullable=True)
    text = Sealed(erased=lambda: sentence("erased"), damaged=lambda: sentence("unreadable"))
    author = Column(String(80), nullable=False)
    verified = Column(Boolean, nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)
    __table_args__ = (UniqueConstraint("report_id", "message_id"),)
    sealed_under = ("report_id",)


class Hold(SealedRow, Base):
    """A legal hold on a case: while it is not lifted, nothing of record, transcript and keys is erased.

    It stands without a foreign key, because backups keep its latest state apart, as they do with the data keys.
    """

    __tablename__ = "holds"
    id = Column(String(36), primary_key=True)
    case_id = Column(String(36), nullable=False, index=True)
    report_id = Column(String(36), nullable=False)
    reason = Sealed(damaged=lambda: sentence("unreadable"))
    set_by = Column(String(80), nullable=False)
    set_at = Column(UtcTime, nullable=False, default=now)
    lifted_reason = Sealed(nullable=True, damaged=lambda: sentence("unreadable"))
    lifted_by = Column(String(80), nullable=True)
    lifted_at = Column(UtcTime, nullable=True)
    sealed_under = ("report_id",)


class NotErased(Base):
    """What was due and could not be erased; the row goes once it could. The desk rings while there is one."""

    __tablename__ = "not_erased"
    item = Column(String(60), primary_key=True)
    error = Column(String(60), nullable=False)
    since = Column(UtcTime, nullable=False, default=now)
