"""Organisations whose responders are invited.

    InvitationError (ValueError)
    ├── BadInvitation       name, country, role, call-back, uses or days cannot be used
    └── NoSuchInvitation    there is no such organisation, invitation or device
"""
from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now
from bot.security import audit
from bot.security.invitation_tables import Organisation
from bot.security.tokens import is_country


class InvitationError(ValueError):
    """An invitation cannot be made or changed so; the message says why."""


class BadInvitation(InvitationError):
    """Name, country, role, call-back, uses or days cannot be used."""


class NoSuchInvitation(InvitationError):
    """There is no such organisation, invitation or device."""


def add(session: Session, name: str, country: str, actor: str) -> Organisation:
    """Make an organisation.

    Args:
        session: a writing transaction.
        name: as the desk and its responders read it; unique.
        country: ISO code of the country where it works.
        actor: who makes it.

    Returns:
        The organisation.

    Raises:
        BadInvitation: the name is taken or cannot be one, or there is no such country.
    """
    name, country = " ".join(name.split()), country.strip().upper()
    if not 2 <= len(name) <= 80 or not name.isprintable():
        raise BadInvitation("name of the organisation: 2 to 80 characters; responders and the desk read it")
    if not is_country(country):
        raise BadInvitation("country: a two-letter code such as PT")
    if named(session, name):
        raise BadInvitation(f"an organisation '{name}' exists already")
    made = Organisation(id=str(uuid.uuid4()), name=name, country=country, created_at=now())
    session.add(made)
    session.flush()
    audit.note(session, actor, "organisation.added", made.id)
    return made


def named(session: Session, name: str) -> Organisation | None:
    """Find an organisation by its name."""
    by_name = Organisation.name.lookup(session, " ".join(name.split()))
    return session.execute(select(Organisation).filter_by(**by_name)).scalar_one_or_none()


def set_disabled(session: Session, organisation_id: str, disabled: bool, actor: str) -> Organisation:
    """Disable an organisation, so that its invitations and devices count for nothing, or enable it again.

    Args:
        session: a writing transaction.
        organisation_id: the organisation.
        disabled: which of the two.
        actor: who decides so.

    Returns:
        The organisation.

    Raises:
        NoSuchInvitation: there is none.
    """
    found = session.get(Organisation, organisation_id)
    if found is None:
        raise NoSuchInvitation("there is no such organisation")
    found.disabled_at = now() if disabled else None
    audit.note(session, actor, "organisation.disabled" if disabled else "organisation.enabled", found.id)
    return found
