"""`python -m tools.bench.desk NUMBER`: how long the desk's pages take with so many referrals; prints JSON.

The web process is the real one, in a process of its own on the database of this process's settings; a duty officer and
a case manager are signed in over HTTP.
"""
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from sqlalchemy import select

from bot.database import reading
from bot.jobs.alarms import AT_ONCE
from bot.jobs.rounds import one_round
from bot.referrals.tables import Case, Report
from bot.settings import ROOT, settings
from tests.desk_world import Browser, Desk
from tools.bench import seeding

TIMES = 100
"""Requests of each kind; in turn, so that the machine's noise hits all kinds."""
ROUNDS = 20
START_SECONDS = 60
Page = Callable[[int], httpx.Response]


@contextmanager
def _web() -> Iterator[Desk]:
    """Run the web process for a while."""
    address = f"http://127.0.0.1:{settings().port}"
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "bot.cli", "serve", "web"], cwd=ROOT,
                               stdout=sys.stderr)
    try:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx.get(f"{address}/desk/sign-in", timeout=5)
                break
            except httpx.TransportError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield Desk(address)
    finally:
        process.kill()
        process.wait()


def _referrals(number: int) -> list[tuple[str, str]]:
    """Give (reference, id of the case) of so many referrals, from all over the table."""
    query = select(Report, Case.id).join(Case, Case.report_id == Report.id).where(Report.sent_at.is_not(None))
    with reading() as session:
        # Ids are drawn at random, so their order is none of time.
        found = session.execute(query.order_by(Report.id).limit(number)).all()
        return [(report.reference, case) for report, case in found]


def _pages(officer: Browser, manager: Browser) -> dict[str, Page]:
    """Give what is measured by name, each a function of the turn."""
    known = _referrals(TIMES + 1)

    def find(turn: int) -> httpx.Response:
        reference, case = known[turn]
        answer = officer.post("/desk/find", typed=reference.lower().replace("-", " "))
        if answer.headers.get("location") != f"/desk/case/{case}":
            raise RuntimeError(f"not found: {answer.status_code}")
        return answer

    def search(typed: str) -> httpx.Response:
        answer = officer.post("/desk/find", typed=typed)
        if 'href="/desk/case/' not in answer.text:
            raise RuntimeError(f"nobody of that name: {answer.status_code}")
        return answer

    return {
        "opening the queue": lambda turn: officer.client.get("/desk"),
        "the queue of one receiver": lambda turn: officer.client.get("/desk?show=nfp"),
        "the closed cases": lambda turn: officer.client.get("/desk?show=closed"),
        "a case manager's queue": lambda turn: manager.client.get("/desk"),
        "searching a reference": find,
        "searching a name": lambda turn: search(seeding.called(turn)),
        "searching a first name of many": lambda turn: search(seeding.called(turn).split()[0]),
        "opening the case that was found": lambda turn: officer.client.get(f"/desk/case/{known[turn][1]}"),
    }


def measure(number: int) -> dict[str, list[float]]:
    """Fill the database and time the pages.

    Args:
        number: how many referrals there are.

    Returns:
        Seconds of each request by name, and how long the filling took.
    """
    started = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-m", "tools.bench.seeding", str(number)], cwd=ROOT,
                   stdout=sys.stderr, check=True)
    taken = {"filling": [time.perf_counter() - started]}
    with _web() as desk:
        pages = _pages(desk.signed_in("duty"), desk.signed_in("manager", seeding.manager_name(0)))
        for turn in range(TIMES + 1):
            for name, page in pages.items():
                before = time.perf_counter()
                answer = page(turn)
                seconds = time.perf_counter() - before
                if answer.status_code >= 400:
                    raise RuntimeError(f"{name}: {answer.status_code}")
                # The first one loads templates and catalogues.
                if turn:
                    taken.setdefault(name, []).append(seconds)
    # All live cases are due at first: half of them are unclaimed, half are chats that nobody answered.
    for name, rounds in (("a round that rings for many", -(-seeding.LIVE // AT_ONCE)), ("a round of the jobs", ROUNDS)):
        for _ in range(rounds):
            before = time.perf_counter()
            one_round()
            taken.setdefault(name, []).append(time.perf_counter() - before)
    return taken


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
