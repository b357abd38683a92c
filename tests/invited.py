"""Invitations that tests make, by the services themselves."""
from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from bot.database import reading, writing
from bot.security import invitations, organisations
from bot.security.invitation_tables import Device, Invitation

CALL_BACK = "+351 21 123 4567"


def invited(**more: Any) -> tuple[str, str]:
    """Invite the responders of a new organisation; give the link's secret and the organisation's name."""
    name = f"PSP Porto {uuid.uuid4().hex[:8]}"
    with writing() as session:
        made = organisations.add(session, name, "PT", "test")
        return invitations.invite(session, made.id, "police", CALL_BACK, "test", **more), name


def invitation_of(secret: str) -> Invitation:
    """Read the row of an invitation."""
    with reading() as session:
        found: Invitation = session.execute(
            select(Invitation).filter_by(secret_hash=invitations._hash(secret))).scalar_one()
        return found


def device_of(owner: str) -> Device:
    """Read the row of a bound device."""
    with reading() as session:
        found: Device = session.execute(select(Device).filter_by(owner=owner)).scalar_one()
        return found


def bind(owner: str, **more: Any) -> str:
    """Bind a device by an invitation of its own; give the organisation's name."""
    secret, name = invited(**more)
    with writing() as session:
        assert invitations.accept(session, secret, owner)
    return name


def is_bound(owner: str) -> bool:
    """Tell whether a device counts as verified."""
    with reading() as session:
        return invitations.binding_of(session, owner) is not None
