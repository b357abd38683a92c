"""Entry points of the three processes: the bot on its Unix socket, the web pages and API, the jobs."""
from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import structlog
from sanic import Sanic
from sanic.exceptions import MethodNotSupported, NotFound, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as as_json
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from bot.database import reading
from bot.settings import ROOT, UnsafeSetting, settings

log = structlog.get_logger()

MAX_BODY = 200_000
"""Bytes of a request; a message of 10,000 characters fits whatever its script."""


class AlreadyRunning(RuntimeError):
    """What this process would serve is served already; the message says where."""


def private_socket(path: Path) -> socket.socket:
    """Bind a Unix socket that only its owner may open.

    Args:
        path: where; a socket that a dead process left there is replaced.

    Returns:
        The bound socket, of mode 0600 from its first moment on.

    Raises:
        AlreadyRunning: a living process answers there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as other:
        if path.exists() and other.connect_ex(str(path)) == 0:
            raise AlreadyRunning(f"another bot process answers at {path}; docs/operate.md says how to run several")
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    finally:
        os.umask(before)
    return bound


def bot_app() -> Sanic:
    """Make the bot process: it answers turns and gives chats back, for the door alone."""
    # Imported here: Rasa takes seconds to load, and the web process never needs it.
    from bot.assistant import Assistant
    from bot.training import trusted_model

    app = Sanic("firstline-bot", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = MAX_BODY

    @app.before_server_start
    async def load(app: Sanic, _: asyncio.AbstractEventLoop) -> None:
        app.ctx.assistant = await Assistant.load(trusted_model(settings().models))

    @app.post("/turn")
    async def turn(request: Request) -> HTTPResponse:
        # Shielded: a door that stops waiting must not cut a turn in two.
        await asyncio.shield(asyncio.ensure_future(app.ctx.assistant.answer(request.json["conversation"])))
        return as_json({"done": True})

    @app.post("/give-back")
    async def give_back(request: Request) -> HTTPResponse:
        await asyncio.shield(asyncio.ensure_future(app.ctx.assistant.give_back(request.json["conversation"])))
        return as_json({"done": True})

    @app.post("/health")
    async def health(_: Request) -> HTTPResponse:
        return as_json({"up": True})

    @app.exception(Exception)
    async def failed(_: Request, error: Exception) -> HTTPResponse:
        log.error("bot_failed", error=type(error).__name__, exc_info=error)
        return as_json({"error": type(error).__name__}, status=500)

    return app


def web_app() -> Sanic:
    """Make the web process: chat page, desk, API and health."""
    from bot.desk.pages import desk_blueprint
    from bot.door import bot_client
    from bot.door.api import api_blueprint, on_error
    from bot.door.pages import problem
    from bot.door.web import chat_blueprint
    from bot.live import Live
    from bot.security.headers import protect

    app = Sanic("firstline-web", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = MAX_BODY
    app.config.RESPONSE_TIMEOUT = 120
    app.config.FALLBACK_ERROR_FORMAT = "text"
    app.ctx.live = Live()
    app.blueprint(chat_blueprint())
    app.blueprint(desk_blueprint())
    app.blueprint(api_blueprint())
    app.static("/static", ROOT / "bot" / "static", name="static")

    @app.get("/health")
    async def health(_: Request) -> HTTPResponse:
        database = await asyncio.to_thread(_database_answers)
        parts = {"web": True, "database": database, "bot": False, "jobs": jobs_alive()}
        try:
            await bot_client.health()
            parts["bot"] = True
        except bot_client.BotUnavailable:
            pass
        return as_json(parts, status=200 if all(parts.values()) else 503)

    @app.exception(NotFound, MethodNotSupported)
    async def not_found(request: Request, error: SanicException) -> HTTPResponse:
        # An address that is none belongs to no blueprint, yet a program still gets an error that it can read.
        if request.path.startswith("/api/"):
            return await on_error(request, error)
        return problem(error.status_code, "not_found")

    @app.on_response
    async def guard(request: Request, response: HTTPResponse) -> None:
        protect(response, keep=request.path.startswith(("/static/", "/desk/static/")))

    return app


def _database_answers() -> bool:
    try:
        with reading() as session:
            session.execute(sql("SELECT 1"))
        return True
    except SQLAlchemyError:
        return False


def heartbeat() -> Path:
    """Give the file that the jobs touch at each round, for `/health`; all jobs of one installation share it."""
    return settings().bot_sockets[0].with_name("jobs.alive")


def jobs_alive() -> bool:
    """Tell whether the jobs had a round in the last half minute."""
    from bot.jobs.rounds import ALIVE_SECONDS

    try:
        return time.time() - heartbeat().stat().st_mtime < ALIVE_SECONDS
    except OSError:
        return False


def serve_bot(number: int) -> None:
    """Run a bot process until it is told to stop.

    Args:
        number: which of the named sockets is its own, from 1.

    Raises:
        UnsafeSetting: so many sockets are not named, or the key file is missing, readable by others, or not the one of
            this database.
        BrokenData: an entry of a catalogue is broken.
        UntrustedModel: the model is not the one that was trained here.
        AlreadyRunning: another bot process answers at the socket.
    """
    from bot.security import keys
    from bot.setup import check_data
    from bot.training import trusted_model

    if number > len(settings().bot_sockets):
        raise UnsafeSetting(f"FIRSTLINE_BOT_SOCKET: names no socket number {number}")
    # Every catalogue is loaded, and checked, before the first responder writes.
    check_data()
    trusted_model(settings().models)
    keys.check()
    log.info("started", part="bot", number=number)
    bot_app().run(sock=private_socket(settings().bot_sockets[number - 1]), access_log=False, debug=False)
    log.info("stopped", part="bot", number=number)


def serve_web() -> None:
    """Run the web process until it is told to stop.

    Raises:
        UnsafeSetting: the key file is missing, readable by others, or not the one of this database.
        AlreadyRunning: the port is taken.
    """
    from bot.security import keys

    keys.check()
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings().host, settings().port))
        except OSError as error:
            raise AlreadyRunning(f"port {settings().port} is taken; FIRSTLINE_PORT in .env names another") from error
    log.info("started", part="web")
    web_app().run(host=settings().host, port=settings().port, access_log=False, debug=False)
    log.info("stopped", part="web")


def serve_jobs() -> None:
    """Run the jobs until they are told to stop.

    Raises:
        UnsafeSetting: the key file is missing, readable by others, or not the one of this database; or the file with
            the password of the server for notices is missing or readable by others.
        BrokenData: the profile is broken, or does not say how long data is kept.
    """
    from bot.jobs import delivery, notices, pending, retention, rounds, trail
    from bot.notices import mail
    from bot.protocol.profile import periods
    from bot.security import keys

    periods(settings().profile)
    keys.check()
    mail.check(settings().notices.mail)

    async def all_of_them() -> None:
        await asyncio.gather(rounds.run(heartbeat()), pending.run(), delivery.run(), notices.run(), trail.run(),
                             retention.run())

    signal.signal(signal.SIGTERM, _end_jobs)
    log.info("started", part="jobs")
    asyncio.run(all_of_them())


def _end_jobs(number: int, _: object) -> None:
    """Say so, and end at once: whatever the jobs are at is taken up at their next start."""
    log.info("stopped", part="jobs")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
