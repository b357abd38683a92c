"""The pages of one case: the case itself, its acts, and the printed page of a route."""
from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict

from sanic.request import Request
from sanic.response import HTTPResponse, json, redirect
from sqlalchemy.exc import SQLAlchemyError

from bot.database import now, reading
from bot.desk import acts
from bot.desk.access import PATH
from bot.desk.case_view import CaseView, call_form, look
from bot.desk.queue import Bell, bell
from bot.desk.rendering import render, texts
from bot.referrals import cases
from bot.security import audit
from bot.security.tables import Account


def _load(case_id: str, account: Account, action: str, route: str | None = None) -> tuple[CaseView, Bell | None]:
    """Read a case; nobody sees it without an entry in the trail, one for all looks of a live page."""
    with reading() as session:
        view, ringing = look(session, case_id, account, route), bell(session, account)
    audit.look(account.name, action, case_id)
    return view, ringing


async def _page(request: Request, case_id: str, status: int = 200, alert: str | None = None,
                given: acts.Form | None = None, act: str = "") -> HTTPResponse:
    view, now_ringing = await asyncio.to_thread(_load, case_id, request.ctx.signed_in.account, "case.opened")
    done = request.args.get("done", "")
    return render(
        request, "case.html", status, view=view, bell=now_ringing, alert=alert, call=call_form(view),
        notice=texts()["done"].get(done) or texts()["problems"].get(done), done=done,
        given=defaultdict(str, {name: typed[0] for name, typed in (given or {}).items()}), ticked=given or {},
        failed=act, message_id=uuid.uuid4().hex,
    )


async def case_page(request: Request, case_id: str) -> HTTPResponse:
    """Show a case."""
    return await _page(request, case_id)


async def print_page(request: Request, case_id: str) -> HTTPResponse:
    """Show one route of a case for printing: only that route's persons."""
    route = request.args.get("route", "")
    view, _ = await asyncio.to_thread(_load, case_id, request.ctx.signed_in.account, "case.printed", route)
    return render(request, "print.html", view=view, route=dict(view.routes)[route],
                  receipt=next(iter(view.receipts), None), printed_at=now())


async def act(request: Request, case_id: str, name: str) -> HTTPResponse:
    """Do an act on a case, then show the case; a script that asks for JSON gets that instead.

    A refused act shows the case as it is now, with what was typed still in its place.
    """
    form: acts.Form = dict(request.form)
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        conversation_id = await asyncio.to_thread(acts.do, name, case_id, request.ctx.signed_in.account, form)
    except (cases.CaseError, SQLAlchemyError) as error:
        refused = isinstance(error, cases.CaseError)
        status = acts.status_of(error) if isinstance(error, cases.CaseError) else 503
        text = acts.problem(error) if isinstance(error, cases.CaseError) else texts()["problems"]["unavailable"]
        if wants_json:
            return json({"error": {"code": type(error).__name__ if refused else "unavailable", "text": text}}, status)
        if status in (403, 404, 503):
            return render(request, "problem.html", status, text=text, typed=form.get("text", [""])[0])
        return await _page(request, case_id, status, text, form, name)
    done = name
    if conversation_id and not await acts.give_back(conversation_id):
        done = "bot_away"
    if wants_json:
        return json({"done": texts()["done"][name]})
    return redirect(f"{PATH}/case/{case_id}?done={done}", status=303)
