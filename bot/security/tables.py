"""Tables of accounts, sessions, tokens, keys and the audit trail."""
from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Text

from bot.database import Base, UtcTime, now


class Account(Base):
    """Somebody who signs in. `role` is one of `accounts.ROLES`.

    `totp_secret` is sealed, and empty until the first sign-in has set up a phone; `totp_last_step` is the time step of
    the last code that was accepted: that one and older ones are good no longer.
    """

    __tablename__ = "accounts"
    id = Column(String(36), primary_key=True)
    name = Column(String(40), unique=True, nullable=False)
    display_name = Column(String(80), nullable=False)
    role = Column(String(12), nullable=False)
    password_hash = Column(String(200), nullable=False)
    disabled = Column(Boolean, nullable=False, default=False)
    totp_secret = Column(String(200), nullable=True)
    totp_last_step = Column(Integer, nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)


class DeskSession(Base):
    """One signed-in browser; only the hash of its secret is kept."""

    __tablename__ = "desk_sessions"
    token_hash = Column(String(64), primary_key=True)
    account_id = Column(ForeignKey("accounts.id"), nullable=False)
    csrf = Column(String(64), nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)
    last_seen_at = Column(UtcTime, nullable=False, default=now)


class Enrolment(Base):
    """A browser that gave the right password of an account without a second factor, and may set one up; nothing else.

    Only the hash of its secret is kept. `totp_secret` is sealed and becomes the account's once a code confirmed it.
    """

    __tablename__ = "enrolments"
    token_hash = Column(String(64), primary_key=True)
    account_id = Column(ForeignKey("accounts.id"), nullable=False)
    csrf = Column(String(64), nullable=False)
    totp_secret = Column(String(200), nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)


class KnownBrowser(Base):
    """A browser that signed in to an account before (`browsers.py`); only the hash of its cookie is kept."""

    __tablename__ = "known_browsers"
    id = Column(String(36), primary_key=True)
    account_id = Column(ForeignKey("accounts.id"), nullable=False, index=True)
    token_hash = Column(String(64), nullable=False, index=True)
    used_at = Column(UtcTime, nullable=False)


class SignInCount(Base):
    """How often in a row a sign-in failed (`attempts.py`), and when the next attempt is looked at.

    `key` is one of a fixed number of slots and names nobody. `refused` is an account of whose refused attempt the
    trail has no entry yet.
    """

    __tablename__ = "sign_in_counts"
    key = Column(String(12), primary_key=True)
    failures = Column(Integer, nullable=False)
    open_at = Column(UtcTime, nullable=False)
    refused = Column(ForeignKey("accounts.id"), nullable=True, index=True)


class RecoveryCode(Base):
    """A code that stands in for the phone once; only its hash is kept, and the row goes when it is used."""

    __tablename__ = "recovery_codes"
    code_hash = Column(String(64), primary_key=True)
    account_id = Column(ForeignKey("accounts.id"), nullable=False, index=True)
    created_at = Column(UtcTime, nullable=False, default=now)


class ApiToken(Base):
    """A program's bearer token of scope channel or desk; only its hash is kept, and it ends at `expires_at`.

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
    expires_at = Column(UtcTime, nullable=False)
    revoked_at = Column(UtcTime, nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)


class AuditEntry(Base):
    """One act, without content: who, what, on which record.

    `id` is its number, without gaps; `hash` seals it together with the entry before it. The database refuses to change
    or delete a row.
    """

    __tablename__ = "audit"
    id = Column(Integer, primary_key=True, autoincrement=False)
    at = Column(UtcTime, nullable=False)
    actor = Column(String(80), nullable=False)
    action = Column(String(40), nullable=False)
    subject = Column(String(40), nullable=True)
    hash = Column(String(64), nullable=False)
    __table_args__ = (Index("audit_subject", "subject", "action", "at"),)


class DataKey(Base):
    """A key that seals the record of one `subject`, wrapped by the key-encryption key `kek_id` of the key file.

    `subject` is the id of a report, `keys.transcript_of` it for its messages, the id of a conversation for its name and
    what belongs to no report, or that of an organisation or an invitation. Where `wrapped` is gone the key was erased.
    Backups of records leave this table out: only its latest state is kept.
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


class Erasure(Base):
    """The certificate of one erasure; `id` is made from all of it, and stands in the audit trail.

    `kind` is a class of `protocol.retention`, or `request`; `rule` the period, or the reason of the request. It names
    the record by its ids and by the keyed hash of its reference, `counts` the rows of each table, `keys` the data keys
    that were destroyed. Backups treat it as `DataKey`.
    """

    __tablename__ = "erasures"
    id = Column(String(40), primary_key=True)
    at = Column(UtcTime, nullable=False)
    kind = Column(String(12), nullable=False)
    rule = Column(String(200), nullable=False)
    by = Column(String(80), nullable=False)
    report_id = Column(String(36), nullable=True, index=True)
    case_id = Column(String(36), nullable=True, index=True)
    conversation_id = Column(String(36), nullable=True, index=True)
    reference_hash = Column(String(64), nullable=True, index=True)
    counts = Column(Text, nullable=False)
    keys = Column(Text, nullable=False)
