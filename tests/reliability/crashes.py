"""What the crash tests share: a database and a key file of their own, and the nursery whose children are killed."""
from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bot.database
from bot.settings import ROOT, settings
from tests.databases import new_url

KILLED = -signal.SIGKILL
PATIENCE = 120
"""Seconds to wait for a child's end or for the model to be loaded; reaching it fails the test."""


@contextmanager
def own_database(folder: Path) -> Iterator[None]:
    """Point this process and its children to a database and a key file that no other test uses.

    Args:
        folder: where the key file, and a SQLite file, goes.
    """
    from alembic import command

    from bot.security.key_file import make_keys
    from bot.setup import migrations

    make_keys(folder / "key")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTLINE_KEY_FILE", str(folder / "key"))
        patch.setenv("FIRSTLINE_DATABASE_URL", new_url(folder / "crash.db"))
        patch.setenv("FIRSTLINE_AUDIT_HEADS", str(folder / "audit"))
        patch.setenv("FIRSTLINE_BOT_SOCKET", str(folder / "bot.sock"))
        settings.cache_clear()
        bot.database._sessions.cache_clear()
        command.upgrade(migrations(settings().database_url), "head")
        yield
        bot.database.engine().dispose()
    settings.cache_clear()
    bot.database._sessions.cache_clear()


class Nursery:
    """The process that forks the children.

    Args:
        kind: acts or bot.
        log: file for what the children say.
    """

    def __init__(self, kind: str, log: Path) -> None:
        with log.open("ab") as out:
            # A group of its own, so that a child that still lives ends with it.
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.reliability.nursery", kind], cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, start_new_session=True,
            )
        self._said: queue.Queue[str] = queue.Queue()
        self.killed: Counter[str] = Counter()
        """How often `run` had a child killed, by point."""
        self._log = log
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._next() == "ready"

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._said.put(line.strip())

    def _next(self) -> str:
        try:
            return self._said.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(self._log.read_text("utf-8", "replace")[-3000:]) from None

    def begin(self, life: str, *given: Any, point: str = "") -> None:
        """Have a child live once the ones before it have ended.

        Args:
            life: name of a function of `nursery`.
            given: its arguments.
            point: where it is killed.
        """
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"life": life, "point": point, "given": given}) + "\n")
        self._process.stdin.flush()

    def run(self, life: str, *given: Any, point: str = "") -> int:
        """Let a child live, and give its exit status."""
        self.begin(life, *given, point=point)
        status = int(self._next())
        self.killed[point] += status == KILLED
        return status

    def ended(self) -> list[int]:
        """Give the exit statuses of the children that ended since this was last asked."""
        found = []
        while not self._said.empty():
            found.append(int(self._said.get()))
        return found

    def stop(self) -> None:
        """End the process and whichever child lives."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
