"""The whole system as an operator has it: three processes with a database, a socket and a port of their own."""
from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bot.settings import ROOT
from tests.databases import new_url

PARTS = ("bot", "web", "jobs")
START_SECONDS = 90
_PREPARE = """
import json
from bot.database import writing
from bot.security.accounts import first_start
from bot.setup import migrate
migrate()
with writing() as session:
    print(json.dumps(first_start(session)))
"""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int, models: Path = ROOT / "models") -> dict[str, str]:
    """Give the settings of an installation of its own.

    Args:
        folder: where its database and socket are.
        port: where its pages are.
        models: folder of the trained model.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    return {
        **others,
        "FIRSTLINE_DATABASE_URL": new_url(folder / "firstline.db"),
        "FIRSTLINE_SECRET": os.urandom(32).hex(),
        "FIRSTLINE_KEY_FILE": str(folder / "key"),
        "FIRSTLINE_AUDIT_HEADS": str(folder / "audit"),
        "FIRSTLINE_PROFILE": "default",
        "FIRSTLINE_HOST": "127.0.0.1",
        "FIRSTLINE_PORT": str(port),
        "FIRSTLINE_BOT_SOCKET": str(folder / "bot.sock"),
        "FIRSTLINE_MODELS": str(models),
        "FIRSTLINE_BEHIND_TLS_PROXY": "no",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
    }


def firstline(*arguments: str, env: dict[str, str], log: Path | int) -> subprocess.Popen[str]:
    """Start the command line `firstline`.

    Args:
        arguments: the command.
        env: from `environment`.
        log: file for both outputs, or `subprocess.PIPE`.
    """
    command = [sys.executable, "-W", "ignore", "-m", "bot.cli", *arguments]
    if isinstance(log, int):
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT, text=True)
    with log.open("ab") as out:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out, text=True)


@dataclass
class System:
    """An installation.

    Args:
        folder: a new folder for everything that it writes.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    env: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.env = environment(self.folder, self.port)

    @property
    def address(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Make database and first accounts, start the three processes, and wait until all are up."""
        self.prepare()
        for part in PARTS:
            self.start_part(part)
        self.wait_for(**{part: True for part in PARTS})

    def start_part(self, part: str) -> None:
        """Start one process."""
        self.run(part, "serve", part)

    def run(self, name: str, *arguments: str, **settings: str) -> None:
        """Start a command that goes on, under a name of its own.

        Args:
            name: the name, also of its log.
            arguments: the command.
            settings: what is otherwise for it than for the others.
        """
        self.processes[name] = firstline(*arguments, env={**self.env, **settings}, log=self.folder / f"{name}.log")

    def prepare(self) -> None:
        """Make database and first accounts."""
        made = subprocess.run([sys.executable, "-W", "ignore", "-c", _PREPARE], cwd=ROOT, env=self.env, timeout=60,
                              capture_output=True, text=True, check=True)
        self.passwords = dict(json.loads(made.stdout))

    def health(self) -> dict[str, bool]:
        """What `/health` says; nothing while the web process is not there."""
        try:
            return dict(httpx.get(f"{self.address}/health", timeout=5).json())
        except httpx.TransportError:
            return {}

    def wait_for(self, **parts: bool) -> None:
        """Wait until `/health` says that of its parts; there is no event for it outside the processes."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if parts.items() <= self.health().items():
                return
            ended = [part for part, process in self.processes.items() if parts.get(part) and process.poll() is not None]
            if ended:
                break
            time.sleep(0.2)
        logs = {path.name: path.read_text("utf-8", "replace")[-1500:] for path in self.folder.glob("*.log")}
        raise AssertionError(f"not reached: {parts}; health: {self.health()}; logs: {logs}")

    def wait_for_words(self, part: str, words: str) -> None:
        """Wait until a process's log has some words; there is no other sign of them outside the process."""
        log, until = self.folder / f"{part}.log", time.monotonic() + START_SECONDS
        while words not in log.read_text("utf-8", "replace"):
            assert time.monotonic() < until, log.read_text("utf-8", "replace")[-1500:]
            time.sleep(0.2)

    def kill(self, part: str) -> None:
        """Kill one process without a warning, as a crash or a full memory would."""
        process = self.processes.pop(part)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        """Stop what runs."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self.processes.clear()


def passwords_in(words: str) -> dict[str, str]:
    """Find the accounts that a first start prints."""
    return dict(re.findall(r"Sign in as (\w+)\s+(\S+)", words))
