"""Tables of accounts, sessions, tokens and the audit trail."""
from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String

from bot.database import Base, UtcTime, now


class Account(Base):
    """Somebody who signs in. `role` is admin (accounts only, sees no case), duty or supervisor."""

    __tablename__ = "accounts"
    id = Column(String(36), primary_key=True)
    name = Column(String(40), unique=True, nullable=False)
    display_name = Column(String(80), nullable=False)
    role = Column(String(12), nullable=False)
    password_hash = Column(String(200), nullable=False)
    disabled = Column(Boolean, nullable=False, default=False)
    failures = Column(Integer, nullable=False, default=0)
    blocked_until = Column(UtcTime, nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)


class DeskSession(Base):
    """One signed-in browser; only the hash of its secret is kept."""

    __tablename__ = "desk_sessions"
    token_hash = Column(String(64), primary_key=True)
    account_id = Column(ForeignKey("accounts.id"), nullable=False)
    csrf = Column(String(64), nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)
    last_seen_at = Column(UtcTime, nullable=False, default=now)


class ApiToken(Base):
    """A program's bearer token of scope channel or desk; only its hash is kept.

    `webhook_url` is where a channel wants its messages sent; they are signed with a key made from `webhook_salt`.
    """

    __tablename__ = "api_tokens"
    id = Column(String(36), primary_key=True)
    name = Column(String(40), unique=True, nullable=False)
    scope = Column(String(8), nullable=False)
    country = Column(String(2), nullable=True)
    webhook_url = Column(String(400), nullable=True)
    webhook_salt = Column(String(32), nullable=True)
    token_hash = Column(String(64), unique=True, nullable=False)
    revoked_at = Column(UtcTime, nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)


class AuditEntry(Base):
    """One act, without content: who, what, on which record."""

    __tablename__ = "audit"
    id = Column(Integer, primary_key=True, autoincrement=True)
    at = Column(UtcTime, nullable=False, default=now)
    actor = Column(String(80), nullable=False)
    action = Column(String(40), nullable=False)
    subject = Column(String(40), nullable=True)
    __table_args__ = (Index("audit_subject", "subject", "action", "at"),)


class DataKey(Base):
    """A key that seals the record of one `subject`, wrapped by the key-encryption key `kek_id` of the key file.

    `subject` is the id of a report, or of a conversation for what belongs to no report. A row whose `wrapped` is gone
    is the certificate of an erasure. Backups of records leave this table out: only its latest state is kept.
    """

    __tablename__ = "data_keys"
    id = Column(String(32), primary_key=True)
    subject = Column(String(36), unique=True, nullable=False)
    wrapped = Column(LargeBinary, nullable=True)
    kek_id = Column(String(32), nullable=False, index=True)
    created_at = Column(UtcTime, nullable=False, default=now)
    erased_at = Column(UtcTime, nullable=True)
    erased_by = Column(String(80), nullable=True)
    erased_reason = Column(String(200), nullable=True)
