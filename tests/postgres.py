"""A real PostgreSQL server for the tests: started in a folder of its own, reached by its Unix socket alone."""
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

USER = "postgres"
"""Also the system's user that runs the server where the tests run as root, which PostgreSQL refuses."""


def _programs() -> Path:
    found = [shutil.which("pg_ctl"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), reverse=True)]
    return Path(next(path for path in found if path)).parent


def _run(*command: str) -> None:
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    # Nobody waits for the server's own output, which it keeps open.
    ended = subprocess.run([*as_user, *command], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 0, f"{command[0]}: {ended.stderr}"


@dataclass
class Server:
    """A running server.

    Args:
        folder: where its socket is.
    """

    folder: Path

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
    programs, folder = _programs(), Path(tempfile.mkdtemp(prefix="firstline-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    data, log = str(folder / "data"), str(folder / "log")
    safe = "on" if durable else "off"
    options = (f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync={safe} -c max_connections=200 "
               f"-c synchronous_commit={safe} -c full_page_writes={safe}")
    _run(str(programs / "initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
    _run(str(programs / "pg_ctl"), "-D", data, "-l", log, "-w", "-o", options, "start")
    try:
        yield Server(folder)
    finally:
        _run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
