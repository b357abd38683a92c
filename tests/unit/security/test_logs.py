"""Whoever logs, and whatever breaks: a log holds nothing that somebody wrote, and all that an operator needs."""
from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.security.logs import rules
from bot.settings import ROOT

CANARY = "Zephyrine Quillwater"
START = f"""
import asyncio, logging, sys, threading, uuid, warnings
import structlog
from bot.security.logs import configure
configure(sys.argv[1])
NAME = "{CANARY}"
library, events = logging.getLogger("rasa.core.processor"), structlog.get_logger("rasa.core")
"""
WAYS = {
    "an f-string": ("library.error(f'Received {NAME}')", "rasa.core.processor (left out) at "),
    "an argument": ("library.error('Received %s', NAME)", "Received %s at "),
    "arguments by name": ("library.error('Received %(it)s', {'it': NAME})", "Received %(it)s at "),
    "the message itself": ("library.error(NAME)", "(left out) at "),
    "no text": ("library.error({'text': NAME})", "(left out) at "),
    "more of a record": ("library.error('Received', extra={'text': NAME}, stack_info=True)", "Received at "),
    "a handler of its own": (
        "handler = logging.StreamHandler(); handler.setFormatter(logging.Formatter('%(message)s %(args)s'))\n"
        "library.addHandler(handler); library.error('Received %s', NAME)", "Received %s"),
    "an error's text": ("try: int(NAME)\nexcept ValueError: library.exception('It failed')",
                        "It failed at way.py:9 ValueError at way.py:8"),
    "an error as the message": ("library.error(ValueError(NAME))", "(left out) at way.py:8 ValueError"),
    "an error of an error": (
        "try:\n  try: int(NAME)\n  except ValueError as e: raise OSError(28, NAME, NAME) from e\n"
        "except OSError: library.exception('It failed')",
        "OSError ENOSPC at way.py:10; caused by ValueError at way.py:9"),
    "a key": ("events.error('read', text=NAME, error=NAME, conversation=NAME)", "rasa.core read at "),
    "an event": ("events.error(f'read {NAME}')", "rasa.core (left out) at "),
    "a bound key": ("events.bind(user_text=NAME).error('read')", "rasa.core read at "),
    "our own keys": (
        "structlog.get_logger('bot.x').error('read', conversation=NAME, text=NAME, error='KeyError')",
        "bot.x read conversation=(left out) error=KeyError"),
    "our own error": (
        "from bot.settings import UnsafeSetting\n"
        "structlog.get_logger('bot.x').error('read', exc_info=UnsafeSetting('FIRSTLINE_PORT: not a number'))",
        "bot.x read UnsafeSetting (FIRSTLINE_PORT: not a number)"),
    "nobody's error": ("raise ValueError(NAME)", "CRITICAL bot.security.logs uncaught ValueError at way.py:8"),
    "an error in a thread": ("threading.Thread(target=int, args=(NAME,)).start()", "thread_died ValueError at "),
    "a task that nobody asked": (
        "async def fail(): raise ValueError(NAME)\n"
        "async def main():\n  asyncio.ensure_future(fail()); await asyncio.sleep(0)\n"
        "asyncio.run(main())", "ERROR asyncio (left out) at asyncio/base_events.py:"),
    "an error at the end of an object": (
        "class Last:\n  def __del__(self): raise ValueError(NAME)\nLast()\nprint('gone', file=sys.stderr)",
        "unraisable ValueError at way.py:9"),
    "a warning": ("warnings.simplefilter('always'); warnings.warn(NAME)\nlibrary.error('It went on')",
                  "It went on at "),
    "parameters of SQL": (
        "from bot.database import make_engine\nfrom sqlalchemy import text\n"
        "engine = make_engine('sqlite://')\n"
        "try:\n  with engine.connect() as c: c.execute(text('SELECT nothing FROM t WHERE a = :a'), {'a': NAME})\n"
        "except Exception: library.exception('It failed')", "OperationalError at "),
}


def run(code: str, level: str, folder: Path) -> str:
    """Run some code in a process of its own, from a file; give all that it says."""
    path = folder / "way.py"
    path.write_text(START + code, "utf-8")
    ran = subprocess.run([sys.executable, "-W", "default", str(path), level], timeout=60, capture_output=True,
                         text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_somebody_wrote_is_logged(way: str, level: str, tmp_path: Path) -> None:
    code, wanted = WAYS[way]
    said = run(code, level, tmp_path)
    assert wanted in said, said
    assert not [word for word in CANARY.split() if word.lower() in said.lower()], said
    assert "Traceback" not in said


def test_each_line_has_time_level_and_logger(tmp_path: Path) -> None:
    code = "structlog.get_logger('bot.x').info('started', part='jobs'); library.info('Received')"
    [line] = run(code, "INFO", tmp_path).splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO bot\.x started part=jobs", line)


def calls() -> list[tuple[Path, ast.Call]]:
    """Find what our own modules log."""
    paths = [path for room in rules().own for path in (ROOT / room).rglob("*.py")]
    return [(path, call) for path in paths for call in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name) and call.func.value.id in ("log", "logger")]


def test_our_own_events_are_words_with_keys_that_may_be_read() -> None:
    found = calls()
    assert len(found) > 10
    for path, call in found:
        assert len(call.args) == 1 and isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno}"
        keys = {one.arg for one in call.keywords} - {"exc_info"}
        assert keys <= set(rules().keys), f"{path}:{call.lineno}: {keys}"
    used = {one.arg for _, call in found for one in call.keywords}
    assert set(rules().keys) <= used, "a key that nobody needs"
