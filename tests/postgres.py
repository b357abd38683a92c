"""A PostgreSQL server of the tests' own, where this machine has one installed: on a Unix socket, gone afterwards."""
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INITDB, PG_CTL = shutil.which("initdb"), shutil.which("pg_ctl")


def available() -> bool:
    """Tell whether a server can be started."""
    return bool(INITDB and PG_CTL and (os.geteuid() or shutil.which("runuser")))


@contextmanager
def server() -> Iterator[str]:
    """Run a server.

    Returns:
        SQLAlchemy address of its first database, without the database's name: `{}` stands there.
    """
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
    # The server refuses to run as root.
    who = [] if os.geteuid() else ["runuser", "-u", "postgres", "--"]
    if who:
        shutil.chown(folder, "postgres", "postgres")

    def call(*command: str) -> None:
        subprocess.run([*who, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    call(str(INITDB), "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
    call(str(PG_CTL), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o",
         f"-c listen_addresses='' -c fsync=off -k {folder}", "start")
    try:
        yield f"postgresql+psycopg2://postgres@/{{}}?host={folder}"
    finally:
        call(str(PG_CTL), "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
