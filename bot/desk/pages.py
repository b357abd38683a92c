"""The desk's blueprint: the queue, and the way from each address to its page."""
from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import structlog
from sanic import Blueprint
from sanic.exceptions import Forbidden, NotFound, SanicException
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse, redirect
from sqlalchemy.exc import SQLAlchemyError

from bot.database import reading
from bot.desk import access, account_pages, audit_pages, case_pages, invitation_pages, session_pages, sign_in_pages
from bot.desk.acts import problem as sentence
from bot.desk.acts import status_of
from bot.desk.events import events
from bot.desk.finding import LONGEST_TYPED, find_by_reference, find_by_words
from bot.desk.overdue import overdue_for
from bot.desk.queue import Bell, Item, Page, bell, queue
from bot.desk.rendering import HERE, render, texts
from bot.desk.trail import Notice, notice_for
from bot.notices.outbox import given_up
from bot.protocol.profile import load_profile
from bot.protocol.routes import title
from bot.referrals.cases import CaseError
from bot.referrals.reference import clean_reference
from bot.security import audit
from bot.security.headers import protect
from bot.security.sealing import Unreadable
from bot.settings import settings

log = structlog.get_logger()


async def queue_page(request: Request) -> HTTPResponse:
    """Show the queue, whole or of one route."""
    return await _queue(request)


async def _queue(request: Request, status: int = 200, alert: str | None = None,
                 found: list[tuple[Item, str]] | None = None) -> HTTPResponse:
    """Show a page of the queue, or in its place what was found: each line with what it was found by."""
    receivers, account = load_profile(settings().profile).receivers, request.ctx.signed_in.account
    asked, number = request.args.get("show", ""), request.args.get("page", "")
    shown = asked if asked in (*receivers, "mine", "closed") else ""

    def load() -> tuple[Page, Bell | None, Notice | None, bool, str | None]:
        audit.look(account.name, "queue.opened")
        with reading() as session:
            # Digits alone, and few: a longer number is no page.
            page = queue(session, account, shown, int(number) if re.fullmatch("[0-9]{1,9}", number) else 1)
            rings = bell(session, account)
            return (page, rings, notice_for(account), rings is not None and given_up(session),
                    overdue_for(session, account))

    page, ringing, trail, unheard, overdue = await asyncio.to_thread(load)
    if found is not None:
        page, shown = replace(page, items=[item for item, _ in found], number=1, pages=1), "found"
    return render(request, "queue.html", status, page=page, bell=ringing, shown=shown, alert=alert, trail=trail,
                  unheard=texts()["notices"]["given_up"] if unheard else None, overdue=overdue,
                  found_by={item.case.id: by for item, by in found or ()},
                  routes=[(route, title(route), page.counts.of(route)) for route in receivers])


async def find(request: Request) -> HTTPResponse:
    """Open the case of a reference that somebody reads out, or list those that a name, date, phone or plate finds."""
    typed, account = request.form.get("typed", "").strip()[:LONGEST_TYPED], request.ctx.signed_in.account
    if clean_reference(typed):
        case_id = await asyncio.to_thread(find_by_reference, typed, account)
        if case_id:
            return redirect(f"{access.PATH}/case/{case_id}", status=303)
        found = []
    else:
        found = await asyncio.to_thread(find_by_words, typed, account)
    if found:
        return await _queue(request, found=found)
    return await _queue(request, 404, texts()["problems"]["nothing_found"].format(typed=typed))


async def went_wrong(request: Request, exception: Exception) -> HTTPResponse:
    """Answer any error of the desk kindly, without a trace of how it is built."""
    sentences = texts()["problems"]
    if isinstance(exception, CaseError):
        status, text = status_of(exception), sentence(exception)
    elif isinstance(exception, Unreadable):
        status, text = 500, sentences["unreadable"]
    elif isinstance(exception, SQLAlchemyError):
        status, text = 503, sentences["unavailable"]
    elif isinstance(exception, (Forbidden, NotFound)):
        status, text = exception.status_code, sentences["forbidden" if exception.status_code == 403 else "not_found"]
    else:
        status, text = exception.status_code if isinstance(exception, SanicException) else 500, sentences["broken"]
    if status >= 500:
        # The route, and not the address, which says which case it was.
        log.error("page_failed", method=request.method, route=request.uri_template, error=type(exception).__name__,
                  exc_info=exception)
    typed = request.form.get("text", "") if request.method == "POST" else ""
    return render(request, "problem.html", status, text=text, typed=typed)


async def add_headers(request: Request, response: BaseHTTPResponse) -> None:
    """Put the security headers on every answer of the desk."""
    protect(response, keep=access.route_name(request) == "static")


def desk_blueprint() -> Blueprint:
    """Make the blueprint of the desk.

    Returns:
        All routes under `/desk`; it needs `app.ctx.live`.
    """
    desk = Blueprint("desk", url_prefix=access.PATH)
    desk.static("/static", HERE / "static", name="static")
    for path, handler, method in (
        ("/sign-in", sign_in_pages.sign_in_page, "GET"),
        ("/sign-in", sign_in_pages.sign_in, "POST"),
        ("/sign-out", sign_in_pages.sign_out, "POST"),
        ("/enrolment", sign_in_pages.enrolment_page, "GET"),
        ("/enrolment", sign_in_pages.enrol, "POST"),
        ("/enrolment/picture", sign_in_pages.enrolment_picture, "GET"),
        ("/sessions", session_pages.sessions_page, "GET"),
        ("/sessions/end", session_pages.end_session, "POST"),
        ("/", queue_page, "GET"),
        ("/find", find, "POST"),
        ("/events", events, "GET"),
        ("/case/<case_id:str>", case_pages.case_page, "GET"),
        ("/case/<case_id:str>/print", case_pages.print_page, "GET"),
        ("/case/<case_id:str>/<name:str>", case_pages.act, "POST"),
        ("/audit", audit_pages.audit_page, "GET"),
        ("/audit", audit_pages.show_audit, "POST"),
        ("/audit/hold", audit_pages.set_hold_on, "POST"),
        ("/audit/lift", audit_pages.lift_hold_on, "POST"),
        ("/accounts", account_pages.accounts_page, "GET"),
        ("/accounts/add", account_pages.add_account, "POST"),
        ("/accounts/password", account_pages.reset_password, "POST"),
        ("/accounts/second-factor", account_pages.reset_second_factor, "POST"),
        ("/accounts/role", account_pages.change_role, "POST"),
        ("/accounts/switch", account_pages.switch_account, "POST"),
        ("/invitations", invitation_pages.invitations_page, "GET"),
        ("/invitations/add", invitation_pages.add_invitation, "POST"),
        ("/invitations/revoke", invitation_pages.revoke_invitation, "POST"),
        ("/organisations/add", invitation_pages.add_organisation, "POST"),
        ("/organisations/switch", invitation_pages.switch_organisation, "POST"),
        ("/devices/revoke", invitation_pages.revoke_device, "POST"),
    ):
        desk.add_route(handler, path, methods=[method], name=handler.__name__)
    desk.middleware(access.admit, "request")
    desk.middleware(add_headers, "response")
    desk.exception(CaseError, SQLAlchemyError, SanicException, Exception)(went_wrong)
    return desk
