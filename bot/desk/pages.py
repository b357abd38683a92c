"""The desk's blueprint: sign-in, the queue, and the way from each address to its page."""
from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sanic import Blueprint
from sanic.exceptions import Forbidden, NotFound, SanicException
from sanic.log import error_logger
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse, redirect
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.database import reading
from bot.desk import access, account_pages, case_pages
from bot.desk.acts import problem as sentence
from bot.desk.acts import status_of
from bot.desk.events import events
from bot.desk.queue import Bell, Item, bell, queue
from bot.desk.rendering import HERE, render, texts
from bot.protocol.profile import load_profile
from bot.protocol.routes import title
from bot.referrals import claims
from bot.referrals.cases import CaseError
from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference
from bot.referrals.tables import Case
from bot.security import sessions
from bot.security.accounts import ADMIN
from bot.security.headers import protect
from bot.security.sealing import Unreadable
from bot.settings import settings

_CHECKS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sign-in")
"""Password checks are slow on purpose; a flood of them must not hold up the desk."""


async def sign_in_page(request: Request) -> HTTPResponse:
    """Show the sign-in, or the desk to somebody who is signed in."""
    if request.ctx.signed_in:
        return redirect(_home(request.ctx.signed_in.account.role))
    return render(request, "sign_in.html", notice=texts()["signed"]["out"] if "out" in request.args else None, name="")


def _home(role: str) -> str:
    return f"{access.PATH}/accounts" if role == ADMIN else access.PATH


async def sign_in(request: Request) -> HTTPResponse:
    """Check name and password; every failure reads the same."""
    name = request.form.get("name", "")
    secret = await asyncio.get_running_loop().run_in_executor(
        _CHECKS, sessions.sign_in, name, request.form.get("password", "")
    )
    if secret is None:
        return render(request, "sign_in.html", 401, alert=texts()["signed"]["wrong"], name=name)
    response = redirect(f"{access.PATH}/sign-in", status=303)
    access.let_in(response, secret)
    return response


async def sign_out(request: Request) -> HTTPResponse:
    """End the session, here and in the store; what the officer holds goes back into the queue, and rings."""
    await asyncio.to_thread(claims.release_all, request.ctx.signed_in.account)
    await asyncio.to_thread(sessions.sign_out, request.ctx.signed_in)
    response = redirect(f"{access.PATH}/sign-in", status=303)
    access.let_out(response)
    return response


async def queue_page(request: Request) -> HTTPResponse:
    """Show the queue, whole or of one route."""
    return await _queue(request)


async def _queue(request: Request, status: int = 200, alert: str | None = None) -> HTTPResponse:
    shown, account = request.args.get("show", ""), request.ctx.signed_in.account

    def load() -> tuple[list[Item], Bell]:
        with reading() as session:
            return queue(session, closed=shown == "closed"), bell(session)

    items, ringing = await asyncio.to_thread(load)
    everything = items
    receivers = load_profile(settings().profile).receivers
    if shown in receivers:
        items = [item for item in items if shown in dict(item.routes)]
    elif shown == "mine":
        items = [item for item in items if item.case.owner_id == account.id]
    counts = {route: sum(1 for item in everything if route in dict(item.routes)) for route in receivers}
    return render(request, "queue.html", status, items=items, bell=ringing, shown=shown, alert=alert,
                  routes=[(route, title(route), counts[route]) for route in receivers],
                  total=len(everything), mine=sum(1 for item in everything if item.case.owner_id == account.id))


async def find(request: Request) -> HTTPResponse:
    """Open the case of a reference that somebody reads out."""
    typed = request.form.get("reference", "")
    reference = clean_reference(typed)

    def load() -> str | None:
        with reading() as session:
            report = by_reference(session, str(reference))
            return session.execute(select(Case.id).filter_by(report_id=report.id)).scalar_one() if report else None

    case_id = await asyncio.to_thread(load) if reference else None
    if case_id is None:
        return await _queue(request, 404, texts()["problems"]["not_found_reference"].format(typed=typed[:40]))
    return redirect(f"{access.PATH}/case/{case_id}", status=303)


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
        # The kind of error only: its text may hold what somebody wrote.
        error_logger.error("%s %s: %s", request.method, request.path, type(exception).__name__)
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
        ("/sign-in", sign_in_page, "GET"),
        ("/sign-in", sign_in, "POST"),
        ("/sign-out", sign_out, "POST"),
        ("/", queue_page, "GET"),
        ("/find", find, "POST"),
        ("/events", events, "GET"),
        ("/case/<case_id:str>", case_pages.case_page, "GET"),
        ("/case/<case_id:str>/print", case_pages.print_page, "GET"),
        ("/case/<case_id:str>/<name:str>", case_pages.act, "POST"),
        ("/accounts", account_pages.accounts_page, "GET"),
        ("/accounts/add", account_pages.add_account, "POST"),
        ("/accounts/password", account_pages.reset_password, "POST"),
        ("/accounts/switch", account_pages.switch_account, "POST"),
    ):
        desk.add_route(handler, path, methods=[method], name=handler.__name__)
    desk.middleware(access.admit, "request")
    desk.middleware(add_headers, "response")
    desk.exception(CaseError, SQLAlchemyError, SanicException, Exception)(went_wrong)
    return desk
