"""A real PostgreSQL server for the tests: started in a folder of its own, reached by its Unix socket alone."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

USER = "postgres"
"""Also the system's user that runs the server where the tests run as root, which PostgreSQL refuses."""
START_SECONDS = 180


def _programs() -> Path | None:
    found = [shutil.which("pg_ctl"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), reverse=True)]
    return next((Path(path).parent for path in found if path), None)


def available() -> bool:
    """Tell whether a server is installed here."""
    return _programs() is not None


def _begin(log: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a program; it ends with the tests, also where they are killed."""
    other_user: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    with log.open("ab") as words:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], cwd="/", stdin=subprocess.DEVNULL,
                                stdout=words, stderr=words, **other_user)


@dataclass
class Server:
    """A running server.

    Args:
        folder: where its socket is.
    """

    folder: Path

    def wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Wait until it answers."""
        until = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < until:
            try:
                return self.do("SELECT 1")
            except OperationalError:
                time.sleep(0.1)
        raise AssertionError(log.read_text())

    def url(self, database: str) -> str:
        """Give the address of one of its databases."""
        return f"postgresql+psycopg2://{USER}@/{database}?host={self.folder}"

    def new_database(self, template: str = "template0") -> str:
        """Make a database.

        Args:
            template: name of the database that it is a copy of.

        Returns:
            Its name.
        """
        name = f"t{uuid.uuid4().hex}"
        self.do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def do(self, statement: str) -> None:
        """Run a statement as the server's owner, outside any transaction."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def running(durable: bool = False) -> Iterator[Server]:
    """Run a server for a while.

    Args:
        durable: whether what is committed outlives a crash of the machine; that costs time.
    """
    programs = _programs()
    assert programs, "PostgreSQL is not installed here"
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    data, log, safe = str(folder / "data"), folder / "log", "on" if durable else "off"
    made = _begin(log, str(programs / "initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale",
                  "-N")
    assert made.wait(START_SECONDS) == 0, log.read_text()
    options = {"listen_addresses": "", "unix_socket_directories": folder, "max_connections": 200,
               **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), safe)}
    process = _begin(log, str(programs / "postgres"), "-D", data,
                     *(part for name, value in options.items() for part in ("-c", f"{name}={value}")))
    server = Server(folder)
    try:
        server.wait(process, log)
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
