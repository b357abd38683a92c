"""The way in and out of the desk: sign-in, setting up a phone at the first one, recovery codes shown once, sign-out."""
from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import segno
from sanic.request import Request
from sanic.response import HTTPResponse, raw, redirect

from bot.desk import access
from bot.desk.rendering import render, texts
from bot.referrals import claims
from bot.security import enrolment, second_factor, sessions
from bot.security.sign_in import Place
from bot.security.sign_in import sign_in as check
from bot.settings import settings

_CHECKS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sign-in")
"""Password checks are slow on purpose; a flood of them must not hold up the desk."""


async def sign_in_page(request: Request) -> HTTPResponse:
    """Show the sign-in, or the desk to somebody who is signed in."""
    if request.ctx.signed_in:
        return redirect(access.home(request.ctx.signed_in.account.role))
    said = next((texts()["signed"][why] for why in ("out", "late") if why in request.args), None)
    return render(request, "sign_in.html", notice=said, name="")


async def sign_in(request: Request) -> HTTPResponse:
    """Check name, password and code; every failure reads the same."""
    name, password, code = (request.form.get(field, "") for field in ("name", "password", "code"))
    place = Place(access.browser_of(request), _address_of(request))
    admitted = await asyncio.get_running_loop().run_in_executor(_CHECKS, check, name, password, code, place)
    if admitted is None:
        return render(request, "sign_in.html", 401, alert=texts()["signed"]["wrong"], name=name)
    response = redirect(f"{access.PATH}/{'sign-in' if admitted.browser else 'enrolment'}", status=303)
    if admitted.browser:
        access.let_in(response, admitted.secret, admitted.browser)
    else:
        access.let_enrol(response, admitted.secret)
    return response


def _address_of(request: Request) -> str:
    """Give the caller's address; what a header says of it is believed of the proxy alone, which puts it last."""
    named = request.headers.getall("x-forwarded-for", []) if settings().behind_tls_proxy else []
    return ",".join(named).rpartition(",")[2].strip() or str(request.ip)


async def enrolment_page(request: Request) -> HTTPResponse:
    """Show the secret for the phone, as a picture and in groups of four."""
    return _enrolment(request)


def _enrolment(request: Request, status: int = 200, **more: Any) -> HTTPResponse:
    enrolling = request.ctx.enrolling
    secret = enrolling.secret
    groups = [secret[start:start + 4] for start in range(0, len(secret), 4)]
    return render(request, "enrolment.html", status, name=enrolling.account.name, groups=groups,
                  **{"csrf": enrolling.csrf, **more})


async def enrolment_picture(request: Request) -> HTTPResponse:
    """Draw what the phone reads; an address of its own, so that no page holds a picture in its text."""
    enrolling, drawn = request.ctx.enrolling, io.BytesIO()
    segno.make(second_factor.address(enrolling.account.name, enrolling.secret), micro=False).save(
        drawn, kind="svg", scale=5, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return raw(drawn.getvalue(), content_type="image/svg+xml")


async def enrol(request: Request) -> HTTPResponse:
    """Take the phone if it shows the right code, sign in, and show the recovery codes once."""
    enrolled = await asyncio.to_thread(enrolment.confirm, request.ctx.enrolling, request.form.get("code", ""),
                                       access.browser_of(request))
    if enrolled is None:
        return _enrolment(request, 422, alert=texts()["signed"]["code"])
    account = request.ctx.enrolling.account
    response = render(request, "recovery_codes.html", name=account.name, codes=enrolled.recovery_codes,
                      home=access.home(account.role))
    access.let_in(response, enrolled.secret, enrolled.browser)
    access.end_enrolling(response)
    return response


async def sign_out(request: Request) -> HTTPResponse:
    """End the session, here and in the store; what the officer holds goes back into the queue, and rings."""
    await asyncio.to_thread(claims.release_all, request.ctx.signed_in.account)
    await asyncio.to_thread(sessions.sign_out, request.ctx.signed_in)
    response = redirect(f"{access.PATH}/sign-in", status=303)
    access.let_out(response)
    return response
