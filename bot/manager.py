"""Starts the three processes under one manager and says where to go once all of them are up."""
from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

import httpx
from honcho.manager import Manager

from bot.settings import REFUSED, settings

PARTS = ("bot", "web", "jobs")
PATIENCE_SECONDS = 180


def run_all(first: list[tuple[str, str]], say: Callable[[str], None]) -> int:
    """Start the processes, and stop them together.

    Args:
        first: accounts made at this start, with their passwords.
        say: called with each line for the operator.

    Returns:
        The exit code of the process that ended first.
    """
    manager = Manager()
    # Honcho gives a process exactly this environment, so settings of the environment must be in it.
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false",
             "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "PYTHONWARNINGS": "ignore"}
    for part in PARTS:
        manager.add_process(part, _kept_up(f"{sys.executable} -W ignore -m bot.cli serve {part}"), env=quiet)
    threading.Thread(target=_announce, args=(first, say), daemon=True).start()
    manager.loop()
    return int(manager.returncode or 0)


def _kept_up(command: str) -> str:
    """Have the shell start a process again after a crash: the chat page must stay up while the bot comes back."""
    return f'until {command}; do [ "$?" -eq {REFUSED} ] && exit {REFUSED}; echo "started again"; sleep 1; done'


def _announce(first: list[tuple[str, str]], say: Callable[[str], None]) -> None:
    address = f"http://{settings().host}:{settings().port}"
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(0.5)
        try:
            if httpx.get(f"{address}/health", timeout=2).status_code == 200:
                break
        except httpx.HTTPError:
            continue
    else:
        say(f"Not everything is up after {PATIENCE_SECONDS} s; {address}/health says what is missing.")
        return
    say(f"\n  Chat for responders  {address}/\n  Duty desk            {address}/desk\n")
    for name, password in first:
        say(f"  Sign in as {name:6}  {password}")
    if first:
        say("  The first sign-in of each sets up a phone: have one with an app for six-digit codes (TOTP) at hand.")
        say("  These passwords are shown this once. A new one: make password NAME=duty\n")
    else:
        say("  Sign in with the accounts made at the first start. A new password: make password NAME=duty\n")
