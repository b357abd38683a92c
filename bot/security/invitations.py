"""Invitations: an organisation's link binds devices to a role and a call-back; without one a device is unverified."""
from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any

import phonenumbers
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import now
from bot.protocol.catalogue import fields
from bot.security import audit
from bot.security.hashes import keyed_hash
from bot.security.invitation_tables import Device, Invitation, Organisation
from bot.security.organisations import BadInvitation, NoSuchInvitation

MOST_USES, MOST_DAYS = 500, 365
USES, DAYS = 1, 14
"""What an invitation is good for where nothing else is said."""


@dataclass(frozen=True)
class Binding:
    """What an invitation says of whoever holds it.

    Args:
        organisation: its name.
        country: ISO code of the country where it works.
        role: a value of the field `role`.
        call_back: the number at which the organisation confirms who writes; None where it cannot be read.
    """

    organisation: str
    country: str
    role: str
    call_back: str | None


def roles() -> dict[str, str]:
    """Give the roles that an invitation can bind to, with their words, from the catalogue of fields."""
    return dict(fields()["role"].values)


def invite(session: Session, organisation_id: str, role: str, call_back: str, actor: str, uses: int = USES,
           days: int = DAYS) -> str:
    """Make an invitation.

    Args:
        session: a writing transaction.
        organisation_id: whose responders are invited.
        role: a value of the field `role`.
        call_back: their number, with the country's code.
        actor: who makes it.
        uses: how many devices it binds.
        days: how long it can be used.

    Returns:
        The secret part of the link; it cannot be had again.

    Raises:
        BadInvitation: role, call-back, uses or days cannot be used.
        NoSuchInvitation: there is no such organisation, or it is disabled.
    """
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or organisation.disabled_at:
        raise NoSuchInvitation("there is no such organisation, or it is disabled")
    if role not in roles():
        raise BadInvitation(f"role: one of {', '.join(roles())}")
    if not 1 <= uses <= MOST_USES:
        raise BadInvitation(f"devices: 1 to {MOST_USES}")
    if not 1 <= days <= MOST_DAYS:
        raise BadInvitation(f"days: 1 to {MOST_DAYS}")
    secret = secrets.token_urlsafe(32)
    made = Invitation(id=str(uuid.uuid4()), organisation_id=organisation.id, role=role, call_back=_phone(call_back),
                      secret_hash=_hash(secret), uses=uses, uses_left=uses, made_by=actor, created_at=now(),
                      expires_at=now() + timedelta(days=days))
    session.add(made)
    session.flush()
    audit.note(session, actor, "invitation.made", made.id)
    return secret


def link(address: str, secret: str) -> str:
    """Give the link that a responder opens.

    Args:
        address: where responders reach the pages, such as https://firstline.example.
        secret: from `invite`.
    """
    return f"{address.rstrip('/')}/join/{secret}"


def _hash(secret: str) -> str:
    return keyed_hash("invitation", secret)


def _phone(typed: str) -> str:
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise BadInvitation("call-back: a number with the country's code, such as +351 21 000 00 00")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def _still_good() -> tuple[object, ...]:
    disabled = select(Organisation.id).where(Organisation.disabled_at.is_not(None))
    return (Invitation.uses_left > 0, Invitation.revoked_at.is_(None), Invitation.expires_at > now(),
            Invitation.organisation_id.not_in(disabled))


def offered(session: Session, secret: str) -> Binding | None:
    """Tell what a link would bind a device to; looking uses nothing up.

    Args:
        session: any transaction.
        secret: the secret part of the link.

    Returns:
        What it says; None where it is unknown, expired, used up or revoked, which nobody can tell apart.
    """
    return _binding(session, Invitation.secret_hash == _hash(secret), *_still_good())


def _binding(session: Session, *which: Any) -> Binding | None:
    query = select(Organisation, Invitation).join(Invitation, Invitation.organisation_id == Organisation.id)
    row = session.execute(query.where(*which)).first()
    if row is None:
        return None
    organisation, invitation = row
    return Binding(organisation.name, organisation.country, invitation.role, invitation.call_back)


def accept(session: Session, secret: str, owner: str) -> bool:
    """Bind a device by an invitation; of several that come at once, only as many as it has uses left.

    Args:
        session: a writing transaction.
        secret: the secret part of the link.
        owner: the owner that the device's conversations belong to.

    Returns:
        Whether the device is bound by this invitation now; a second tap on the same device uses nothing up, and a
        device that was revoked does not come back by the same link.
    """
    # Held, so that a second tap on the same device sees the first.
    query = select(Invitation.id).filter_by(secret_hash=_hash(secret)).with_for_update()
    invitation_id = session.execute(query).scalar_one_or_none()
    device = session.execute(select(Device).filter_by(owner=owner)).scalar_one_or_none()
    if invitation_id is not None and device is not None and device.invitation_id == invitation_id:
        return device.revoked_at is None
    taken = session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, *_still_good())
        .values(uses_left=Invitation.uses_left - 1)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:
        return False
    if device is None:
        device = Device(id=str(uuid.uuid4()), owner=owner)
        session.add(device)
    device.invitation_id, device.verified_at, device.revoked_at = invitation_id, now(), None
    session.flush()
    audit.note(session, owner, "device.bound", device.id)
    return True


def binding_of(session: Session, owner: str) -> Binding | None:
    """Tell what a device is bound to.

    Args:
        session: any transaction.
        owner: owner of a conversation.

    Returns:
        None where it is not bound, or its binding or its organisation has ended: then whoever writes is unverified.
    """
    bound_by = select(Device.invitation_id).where(Device.owner == owner, Device.revoked_at.is_(None))
    return _binding(session, Invitation.id.in_(bound_by), Organisation.disabled_at.is_(None))


def move(session: Session, before: str, owner: str) -> None:
    """Let a binding follow its device to a new cookie.

    Args:
        session: a writing transaction.
        before: the device's owner id until now.
        owner: its new one, which no device has yet.
    """
    session.execute(update(Device).where(Device.owner == before).values(owner=owner)
                    .execution_options(synchronize_session=False))


def revoke(session: Session, invitation_id: str, actor: str, devices_too: bool = False) -> None:
    """End an invitation at once.

    Args:
        session: a writing transaction.
        invitation_id: the invitation.
        actor: who decides so.
        devices_too: whether the devices that it bound lose their binding; otherwise they stay verified.

    Raises:
        NoSuchInvitation: there is none.
    """
    found = session.get(Invitation, invitation_id)
    if found is None:
        raise NoSuchInvitation("there is no such invitation")
    found.revoked_at = found.revoked_at or now()
    bound = select(Device.id).filter_by(invitation_id=found.id, revoked_at=None).order_by(Device.id).with_for_update()
    devices = session.execute(bound).scalars().all() if devices_too else []
    audit.note(session, actor, "invitation.revoked", found.id)
    for device_id in devices:
        revoke_device(session, device_id, actor)


def revoke_device(session: Session, device_id: str, actor: str) -> None:
    """End the binding of one device, such as a lost phone: whoever writes with it is unverified from now on.

    Args:
        session: a writing transaction.
        device_id: the device.
        actor: who decides so.

    Raises:
        NoSuchInvitation: there is none.
    """
    found = session.get(Device, device_id)
    if found is None:
        raise NoSuchInvitation("there is no such device")
    found.revoked_at = found.revoked_at or now()
    audit.note(session, actor, "device.revoked", found.id)


@dataclass(frozen=True)
class Overview:
    """An organisation with its invitations, newest first, each with the devices that it bound."""

    organisation: Organisation
    invitations: list[tuple[Invitation, list[Device]]]


def overview(session: Session) -> list[Overview]:
    """Give all organisations by name."""
    devices: dict[str, list[Device]] = {}
    for device in session.execute(select(Device).order_by(Device.verified_at)).scalars():
        devices.setdefault(device.invitation_id, []).append(device)
    invitations: dict[str, list[tuple[Invitation, list[Device]]]] = {}
    for one in session.execute(select(Invitation).order_by(Invitation.created_at.desc())).scalars():
        invitations.setdefault(one.organisation_id, []).append((one, devices.get(one.id, [])))
    organisations = session.execute(select(Organisation)).scalars()
    return [Overview(one, invitations.get(one.id, [])) for one in sorted(organisations, key=attrgetter("name"))]
