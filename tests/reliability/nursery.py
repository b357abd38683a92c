"""A process that has everything loaded and forks a fresh child for each life, so that a kill costs milliseconds.

`python -m tests.reliability.nursery acts` loads database, door, desk and jobs; `... bot` loads the trained assistant as
well. Each line of input is one life: the child does what it says; its exit status is the line of output, negative for
a signal. A child that is killed dies with its own connections, locks and memory, as any process does.
"""
from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from contextlib import redirect_stdout
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

LONGEST_LIFE = 900
"""Seconds after which a child ends by itself, whatever became of the test."""
FEW = 3
"""Data keys that a rotation wraps in one transaction, so that a few records take several."""


def post(owner: str, words: str, own_id: str) -> None:
    """Take a message as the web process does."""
    from bot.door import gateway

    asyncio.run(gateway.post(owner, "chat", "web", words, own_id))


def act(name: str, case: str, officer: str, form: dict[str, list[str]]) -> None:
    """Do what an officer does on the page of a case."""
    from bot.database import reading
    from bot.desk import acts
    from bot.security.accounts import named

    with reading() as session:
        account = named(session, officer)
    acts.do(name, case, account, form)


def deliver(got: str) -> None:
    """Send what is due to a channel that writes down the id of each delivery."""
    from bot.jobs import delivery

    def take(request: httpx.Request) -> httpx.Response:
        with Path(got).open("a") as out:
            out.write(request.headers["firstline-delivery"] + "\n")
        return httpx.Response(200)

    async def once() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as http:
            await delivery.deliver(http)

    asyncio.run(once())


def send_notices(port: str, duty: str) -> None:
    """Send the notices that are due by a mail server on this machine."""
    from bot.jobs import notices
    from bot.settings import settings

    os.environ.update(FIRSTLINE_SMTP_HOST="127.0.0.1", FIRSTLINE_SMTP_PORT=port, FIRSTLINE_SMTP_TLS="none",
                      FIRSTLINE_SMTP_SENDER="firstline@desk.example", FIRSTLINE_NOTICES_DUTY=duty)
    settings.cache_clear()

    async def once() -> None:
        async with httpx.AsyncClient() as http:
            await notices.send_due(http)

    asyncio.run(once())


def jobs_round() -> None:
    """Look at each clock once."""
    from bot.jobs.rounds import one_round

    one_round()


def retention_round(days: int) -> None:
    """Erase what is due so many days from now."""
    from bot.database import now
    from bot.jobs.retention import one_round
    from bot.referrals import retention

    later = now() + timedelta(days=days)
    retention.now = lambda: later  # type: ignore[assignment]
    one_round()


def keys(command: str) -> None:
    """Run a command of the keys, which takes few of them at once."""
    from bot.commands import keys as commands
    from bot.security import rotation

    rotation.AT_ONCE = FEW
    # The parent's output says how each life ended, and nothing else.
    with redirect_stdout(sys.stderr):
        commands.keys.main([command], standalone_mode=False)


def serve_bot() -> None:
    """Be the bot process: its own start, checks, socket and server; only the loaded model is the parent's."""
    from bot.serve import serve_bot as serve

    serve(1)


def _load_acts() -> None:
    from bot.setup import check_data

    for module in ("bot.desk.acts", "bot.door.gateway", "bot.jobs.delivery", "bot.jobs.notices", "bot.jobs.rounds",
                   "bot.jobs.retention", "bot.commands.keys"):
        import_module(module)
    check_data()


def _load_bot() -> None:
    from bot.assistant import Assistant
    from bot.settings import settings
    from bot.training import trusted_model

    _load_acts()
    warm = asyncio.run(Assistant.load(trusted_model(settings().models)))

    async def load(_: Path) -> Assistant:
        return warm

    Assistant.load = load  # type: ignore[method-assign,assignment]


LIVES = {life.__name__: life for life in (post, act, deliver, send_notices, jobs_round, retention_round, keys,
                                        serve_bot)}


def _live(life: str, point: str, given: list[Any]) -> None:
    """Be a child: one life, then the end."""
    from bot.settings import settings

    signal.alarm(LONGEST_LIFE)
    os.environ.update(FIRSTLINE_CRASH_AT=point, FIRSTLINE_CRASH_TEST="yes")
    settings.cache_clear()
    status = 1
    try:
        LIVES[life](*given)
        status = 0
    except Exception:  # noqa: BLE001 (the parent's code must never go on in a child)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def main() -> None:
    """Load, say so, and live life after life until the input ends."""
    {"acts": _load_acts, "bot": _load_bot}[sys.argv[1]]()
    # What the parent had open would be shared by all children; it opened nothing but the model's files.
    from bot.database import _sessions

    _sessions.cache_clear()
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            _live(**json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
