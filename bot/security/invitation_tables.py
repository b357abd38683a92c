"""Tables of organisations, their invitations, and the devices that these bind."""
from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String

from bot.database import Base, UtcTime, now
from bot.protocol.catalogue import text as sentence
from bot.security.sealed import Sealed, SealedRow


class Organisation(SealedRow, Base):
    """Whose responders write, such as a police station; while it is disabled, its devices count as unverified."""

    __tablename__ = "organisations"
    id = Column(String(36), primary_key=True)
    name = Sealed(hashed="organisation", damaged=lambda: sentence("unreadable"))
    country = Column(String(2), nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)
    disabled_at = Column(UtcTime, nullable=True)
    sealed_under = ("id",)


class Invitation(SealedRow, Base):
    """A link that binds so many devices to a role, an organisation and a call-back; only its secret's hash is kept.

    `call_back` is None where it cannot be read: whoever writes is then asked for it.
    """

    __tablename__ = "invitations"
    id = Column(String(36), primary_key=True)
    organisation_id = Column(ForeignKey("organisations.id"), nullable=False)
    role = Column(String(20), nullable=False)
    call_back = Sealed(damaged=lambda: None)
    secret_hash = Column(String(64), unique=True, nullable=False)
    uses = Column(Integer, nullable=False)
    uses_left = Column(Integer, nullable=False)
    expires_at = Column(UtcTime, nullable=False)
    revoked_at = Column(UtcTime, nullable=True)
    made_by = Column(String(80), nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)
    sealed_under = ("id",)


class Device(Base):
    """A responder's device that an invitation has bound; `owner` is the one that its conversations belong to."""

    __tablename__ = "devices"
    id = Column(String(36), primary_key=True)
    owner = Column(String(80), unique=True, nullable=False)
    invitation_id = Column(ForeignKey("invitations.id"), nullable=False)
    verified_at = Column(UtcTime, nullable=False, default=now)
    revoked_at = Column(UtcTime, nullable=True)
