"""The data protection officer's page: who did and read what on a record; no content."""
from __future__ import annotations

import asyncio

from sanic.request import Request
from sanic.response import HTTPResponse

from bot.database import writing
from bot.desk.rendering import render
from bot.referrals.trail import read_trail
from bot.security.tables import AuditEntry

LONGEST_SUBJECT = 64


async def audit_page(request: Request) -> HTTPResponse:
    """Ask for a record."""
    return render(request, "audit.html", subject="", entries=None)


async def show_audit(request: Request) -> HTTPResponse:
    """Show the trail of a record; asked by a form, so that no reference stands in an address."""
    actor = request.ctx.signed_in.account.name
    subject = request.form.get("subject", "").strip()[:LONGEST_SUBJECT]

    def load() -> list[AuditEntry]:
        with writing() as session:
            return read_trail(session, subject, actor)

    entries = await asyncio.to_thread(load)
    return render(request, "audit.html", 200 if entries else 404, subject=subject, entries=entries)
