"""The REST API for programs (docs/openapi.yml): messages for channels, records for desks."""
from __future__ import annotations

import asyncio
import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import structlog
from sanic import Blueprint
from sanic.exceptions import MethodNotSupported, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as as_json
from sqlalchemy import select

from bot.conversations.tables import Conversation
from bot.database import reading, writing
from bot.door import gateway
from bot.protocol.catalogue import text
from bot.protocol.loading import load
from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference, record_of
from bot.referrals.tables import Report
from bot.security import audit, tokens
from bot.security.tables import ApiToken

log = structlog.get_logger()

MAX_NAME = 64
STATUS = {"empty": 422, "invalid": 422, "too_long": 413, "too_many": 429}
_REASONS = Path(__file__).parent / "data" / "api_errors.yml"


class Failure(SanicException):
    """An answer that is no success: status, code and a text that says what to do."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason, status_code=status)
        self.code = code
        self.reason = reason


@lru_cache(maxsize=1)
def _reasons() -> dict[str, str]:
    return dict(load(_REASONS, {"type": "object", "additionalProperties": {"type": "string"}}))


def _reason(code: str) -> str:
    return _reasons()[code]


def failure(status: int, code: str, reason: str) -> HTTPResponse:
    """Write an error as the API shows it."""
    return as_json({"error": {"code": code, "text": reason}}, status=status)


def _token_of(request: Request, scope: str) -> ApiToken:
    header = request.headers.get("authorization", "")
    kind, _, bearer = header.partition(" ")
    if kind.lower() != "bearer" or not bearer:
        raise Failure(401, "unauthorized", _reason("unauthorized"))
    with reading() as session:
        token = tokens.verify(session, bearer.strip(), scope)
        if token is None:
            raise Failure(401, "unauthorized", _reason("unauthorized"))
        return token


async def _authorised(request: Request, scope: str) -> ApiToken:
    try:
        return await asyncio.to_thread(_token_of, request, scope)
    except gateway.STORE_AWAY as error:
        raise Failure(503, "unavailable", text("database_down", **gateway.numbers())) from error


def _body(request: Request) -> tuple[str, str, str | None]:
    try:
        body = json.loads(request.body or b"")
    except (ValueError, RecursionError) as error:
        raise Failure(422, "invalid", _reason("not_json")) from error
    if not isinstance(body, dict) or set(body) - {"conversation", "message", "id"}:
        raise Failure(422, "invalid", _reason("wrong_keys"))
    name, words, external = body.get("conversation"), body.get("message"), body.get("id")
    if not isinstance(name, str) or not _is_name(name):
        raise Failure(422, "invalid", _reason("wrong_conversation"))
    if not isinstance(words, str):
        raise Failure(422, "invalid", _reason("wrong_message"))
    if external is not None and (not isinstance(external, str) or not _is_name(external)):
        raise Failure(422, "invalid", _reason("wrong_id"))
    return str(name), words, external


def _is_name(name: str) -> bool:
    """Tell whether this can be kept as a name: short, and without what no database takes in a text."""
    return 1 <= len(name) <= MAX_NAME and not any(unicodedata.category(c) in ("Cc", "Cs") for c in name)


def _as_json(answer: gateway.Answer) -> HTTPResponse:
    # A sender knows its own words; what it forwards to the responder is the rest.
    told = [message for message in answer.messages if message["from"] != "responder"]
    return as_json({"conversation": answer.conversation, "messages": told, "state": answer.state,
                    "reference": answer.reference})


async def post_message(request: Request) -> HTTPResponse:
    """Take a message: `POST /api/v1/messages`."""
    token = await _authorised(request, "channel")
    name, words, external = _body(request)
    return _as_json(await gateway.post(f"token:{token.id}", name, "api", words, external, token.country))


async def get_messages(request: Request) -> HTTPResponse:
    """Give later messages: `GET /api/v1/messages?conversation=&after=`."""
    token = await _authorised(request, "channel")
    query = request.get_args(keep_blank_values=True)
    name, after = query.get("conversation", ""), query.get("after", "0")
    if not _is_name(name) or not (after.isascii() and after.isdecimal()) or len(after) > 9:
        raise Failure(422, "invalid", _reason("wrong_query"))
    answer = await gateway.read(f"token:{token.id}", name, int(after), has=int(after))
    if answer is None:
        raise Failure(404, "not_found", _reason("not_found"))
    return _as_json(answer)


def _record(find: Any, who: str) -> dict[str, Any] | None:
    with writing() as session:
        report = find(session)
        if report is None:
            return None
        audit.note(session, f"token {who}", "record.read", report.id)
        return record_of(session, report)


async def _give_record(request: Request, find: Any) -> HTTPResponse:
    who = (await _authorised(request, "desk")).name
    try:
        record = await asyncio.to_thread(_record, find, who)
    except gateway.STORE_AWAY as error:
        raise Failure(503, "unavailable", text("database_down", **gateway.numbers())) from error
    if record is None:
        raise Failure(404, "not_found", _reason("not_found"))
    return as_json(record)


async def get_conversation(request: Request, name: str) -> HTTPResponse:
    """Give the record of a conversation: `GET /api/v1/conversations/{id}`, by its own id or its channel's name."""

    wanted = unquote(name)

    def find(session: Any) -> Report | None:
        if not _is_name(wanted):
            return None
        found = session.get(Conversation, wanted)
        if found is None:
            query = select(Conversation).filter_by(**Conversation.name.lookup(session, wanted))
            newest = query.order_by(Conversation.updated_at.desc()).limit(1)
            found = session.execute(newest).scalar_one_or_none()
        return session.get(Report, found.report_id) if found is not None and found.report_id else None

    return await _give_record(request, find)


async def get_referral(request: Request, reference: str) -> HTTPResponse:
    """Give the record of a referral: `GET /api/v1/referrals/{reference}`."""
    clean = clean_reference(unquote(reference))
    return await _give_record(request, lambda session: by_reference(session, clean) if clean else None)


async def on_error(request: Request, error: Exception) -> HTTPResponse:
    """Answer every failure in one form, without a stack trace."""
    if isinstance(error, Failure):
        return failure(error.status_code, error.code, error.reason)
    if isinstance(error, gateway.Refused):
        return failure(STATUS[error.code], error.code, error.reason)
    if not isinstance(error, SanicException):
        log.error("request_failed", method=request.method, route=request.uri_template, error=type(error).__name__,
                  exc_info=error)
    if isinstance(error, gateway.Unavailable):
        return failure(503, "unavailable", str(error))
    if isinstance(error, SanicException) and error.status_code in (404, 405, 413):
        code = {404: "not_found", 405: "wrong_method", 413: "too_long"}[error.status_code]
        answer = failure(error.status_code, code, _reason(code))
        if isinstance(error, MethodNotSupported):
            answer.headers.update(error.headers)
        return answer
    return failure(503, "unavailable", text("failed", **gateway.numbers()))


def api_blueprint() -> Blueprint:
    """Make the API's routes."""
    api = Blueprint("api", url_prefix="/api/v1")
    api.add_route(post_message, "/messages", methods=["POST"])
    api.add_route(get_messages, "/messages", methods=["GET"])
    api.add_route(get_conversation, "/conversations/<name:str>", methods=["GET"])
    api.add_route(get_referral, "/referrals/<reference:str>", methods=["GET"])
    for kind in (Failure, gateway.Refused, gateway.Unavailable, SanicException, Exception):
        api.exception(kind)(on_error)
    return api
