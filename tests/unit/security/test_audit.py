"""The audit trail in a database: one chain whoever writes, nothing to change, and a cut that the heads outside tell."""
from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot import database
from bot.commands.audit import audit as commands
from bot.database import make_engine, reading, writing
from bot.jobs import trail
from bot.security import audit, chain, heads
from bot.security.chain import Fault

SUNDAY = datetime(2026, 3, 1, 2, tzinfo=timezone.utc)
OFF = {"sqlite": ("DROP TRIGGER audit_append", "DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"),
       "postgresql": ("ALTER TABLE audit DISABLE TRIGGER audit_append",)}

on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def write(entries: int, action: str = "case.opened") -> None:
    for number in range(entries):
        with writing() as session:
            audit.note(session, "ana", action, f"case {number}")


def tamper(*statements: str) -> None:
    """Do what somebody could who owns the database."""
    with writing() as session:
        for statement in (*OFF[session.get_bind().dialect.name], *statements):
            session.execute(text(statement))


def checked() -> chain.Checked:
    with reading() as session:
        return chain.verify(session)


def run(*words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(commands, words)
    return answer.exit_code, answer.output


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """What time it is; a test puts another one in its place."""
    at = [SUNDAY]
    for module in (heads, trail):
        monkeypatch.setattr(module, "now", lambda: at[0])
    yield at


def test_several_notes_of_one_act_follow_each_other(installed: Path) -> None:
    with writing() as session:
        for action in ("one", "two", "three"):
            audit.note(session, "ana", action)
    with reading() as session:
        assert [(e.id, e.action) for e in session.query(audit.AuditEntry).order_by(audit.AuditEntry.id)] == [
            (1, "one"), (2, "two"), (3, "three")]
    assert checked().fault is None


def test_an_act_undone_leaves_no_gap(installed: Path) -> None:
    write(1)
    with pytest.raises(RuntimeError), writing() as session:
        audit.note(session, "ana", "undone")
        audit.note(session, "ana", "undone")
        raise RuntimeError
    write(2)
    assert checked() == chain.Checked(chain.Head(3, checked().head.hash), None)


def test_writers_side_by_side_keep_one_chain(installed: Path) -> None:
    together = threading.Barrier(4)

    def work(_: int) -> None:
        together.wait()
        write(10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert checked().fault is None and checked().head.number == 40


@pytest.mark.parametrize("statement", [
    "UPDATE audit SET actor = 'nobody' WHERE id = 2", "DELETE FROM audit WHERE id = 3", "DELETE FROM audit",
    "UPDATE audit SET id = 9 WHERE id = 3",
])
def test_the_database_refuses_to_change_the_trail(installed: Path, statement: str) -> None:
    write(3)
    with pytest.raises(DBAPIError, match="only appended to"), writing() as session:
        session.execute(text(statement))
    assert checked().fault is None and checked().head.number == 3


def test_each_database_s_own_ways_round_are_closed(installed: Path) -> None:
    write(3)
    row = "INTO audit (id, at, actor, action, hash) VALUES (2, '2026-01-01 00:00:00.000000', 'x', 'y', 'z')"
    ways = {"sqlite": [f"INSERT OR REPLACE {row}", f"INSERT {row}", f"INSERT {row.replace('(2', '(9')}"],
            "postgresql": ["TRUNCATE audit", f"INSERT {row} ON CONFLICT (id) DO UPDATE SET actor = 'x'"]}
    for way in ways[database.engine().dialect.name]:
        with pytest.raises(DBAPIError, match="only appended to"), writing() as session:
            session.execute(text(way))
    assert checked().fault is None and checked().head.number == 3


@on_postgresql
def test_the_role_of_the_application_may_not_even_try(installed: Path) -> None:
    write(2)
    with writing() as session:
        session.execute(text("DROP ROLE IF EXISTS firstline_app"))
        for statement in grants():
            session.execute(text(statement))
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit",
                      "ALTER TABLE audit DISABLE TRIGGER audit_append", "DROP TRIGGER audit_append ON audit"):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), writing() as session:
            session.execute(text("SET LOCAL ROLE firstline_app"))
            session.execute(text(statement))
    with writing() as session:
        session.execute(text("SET LOCAL ROLE firstline_app"))
        audit.note(session, "ana", "case.opened")
    assert checked().fault is None and checked().head.number == 3
    with writing() as session:
        session.execute(text("DROP OWNED BY firstline_app; DROP ROLE firstline_app"))


def grants() -> list[str]:
    """Give the statements that docs/operate.md tells an operator to run."""
    page = (Path(__file__).parents[3] / "docs" / "operate.md").read_text("utf-8")
    return [s.strip() for s in page.split("```sql\n")[1].split("```")[0].split(";") if s.strip()]


def test_verify_says_how_many_and_names_the_first_bad_entry(installed: Path) -> None:
    write(4)
    code, said = run("verify")
    assert code == 0 and said.startswith(f"4 entries, all sound; head {checked().head.hash}")
    tamper("UPDATE audit SET subject = 'another' WHERE id = 3")
    assert run("verify") == (1, "Error: entry 3: altered\n")


def test_a_cut_shows_by_the_head_of_the_day(installed: Path, clock: list[datetime]) -> None:
    write(5)
    trail.attend(starting=True)
    tamper("DELETE FROM audit WHERE id > 3")
    assert checked().fault is None, "the rows alone do not tell"
    assert run("verify") == (1, "Error: entry 4: cut off\n")
    day = installed / "2026-03-01"
    assert day.stat().st_mode & 0o777 == 0o600 and installed.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in installed.iterdir())
    day.write_text(day.read_text().replace("5 ", "five "))
    code, said = run("verify")
    assert code == 1 and "2026-03-01, line 1" in said


def test_the_folder_of_the_heads_holds_numbers_seals_and_times_alone(
    installed: Path, clock: list[datetime]
) -> None:
    write(3)
    trail.attend(starting=True)
    tamper("UPDATE audit SET actor = 'x' WHERE id = 2")
    clock[0] += timedelta(days=1)
    assert heads.check(full=True).fault == Fault(2, "altered")
    trail.attend()
    said, seals = re.subn("[0-9a-f]{64}", "", "".join(path.read_text() for path in installed.iterdir()))
    assert seals == 3
    assert set(re.findall("[a-z]+", said)) == {"at", "head", "number", "hash", "fault", "what", "altered"}


def test_the_job_keeps_a_head_and_checks_once_a_day(installed: Path, clock: list[datetime]) -> None:
    write(2)
    trail.attend()
    trail.attend()
    assert [head.number for head in heads.kept()] == [2]
    assert heads.last_check().at == SUNDAY and heads.last_check().checked.fault is None
    write(1)
    trail.attend(starting=True)
    assert [head.number for head in heads.kept()] == [2, 3]
    assert heads.last_check().checked.head.number == 2, "it checked twice a day"
    clock[0] += timedelta(days=1)
    trail.attend()
    assert [head.number for head in heads.kept()] == [2, 3, 3] and heads.last_check().checked.head.number == 3


def test_an_old_entry_is_looked_at_on_sunday_and_a_fault_stays_until_it_is_gone(
    installed: Path, clock: list[datetime]
) -> None:
    write(5)
    trail.attend()
    tamper("UPDATE audit SET actor = 'x' WHERE id = 2")
    clock[0] += timedelta(days=1)
    trail.attend()
    assert heads.last_check().checked.fault is None
    clock[0] += timedelta(days=6)
    for _ in range(2):
        trail.attend()
        assert heads.last_check().checked.fault == Fault(2, "altered")
        clock[0] += timedelta(days=1)
    with writing() as session:
        session.execute(text("UPDATE audit SET actor = 'ana' WHERE id = 2"))
    trail.attend()
    assert heads.last_check().checked.fault is None


def test_a_cut_is_found_the_next_night_with_its_first_entry(installed: Path, clock: list[datetime]) -> None:
    write(5)
    trail.attend()
    tamper("DELETE FROM audit WHERE id > 2")
    clock[0] += timedelta(days=1)
    trail.attend()
    assert heads.last_check().checked.fault == Fault(3, "cut_off")


def test_after_a_new_secret_full_checks_begin_where_the_operator_says(
    installed: Path, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(3)
    trail.attend()
    said = run("verify")[1]
    monkeypatch.setattr(chain, "keyed_hash", lambda purpose, secret: "another")
    write(2)
    assert run("verify") == (1, "Error: entry 1: altered\n")
    (installed / "begin").write_text(f"3 {said.split()[-1]}\n")
    code, said = run("verify")
    assert code == 0 and said.startswith("5 entries, all sound (those before 3 were not checked); head ")
    tamper("UPDATE audit SET actor = 'x' WHERE id = 5")
    assert run("verify") == (1, "Error: entry 5: altered\n")
    with writing() as session:
        session.execute(text("DELETE FROM audit WHERE id >= 3"))
    assert run("verify") == (1, "Error: entry 3: cut off\n")
    (installed / "begin").write_text("")
    code, said = run("verify")
    assert code == 1 and "begin: not one line" in said


def test_looks_within_a_while_are_one_entry(installed: Path) -> None:
    for subject in ("case", "case", None, None):
        audit.look("ana", "case.opened", subject)
    audit.look("jon", "case.opened", "case")
    assert checked().head.number == 3


@contextmanager
def raw(config: Config) -> Iterator[Connection]:
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    with engine.connect().execution_options(write=True) as connection:
        yield connection
        connection.commit()
    engine.dispose()


def test_entries_from_before_are_numbered_and_sealed_once(config: Config) -> None:
    command.upgrade(config, "0003")
    row = ("INSERT INTO audit (id, at, actor, action, subject) "
           "VALUES (:n, '2026-01-0{} 10:00:00.123456', 'ana', 'x', :s)")
    with raw(config) as connection:
        for day, number in enumerate((2, 3, 7), 1):
            connection.execute(text(row.format(day)), {"n": number, "s": f"case {number}"})
    for _ in range(2):
        command.upgrade(config, "head")
        with raw(config) as connection, Session(connection, future=True) as session:
            assert chain.verify(session).fault is None
            chain.append(session, database.now(), "ana", "after", None)
            assert chain.verify(session).fault is None
            session.rollback()
        command.check(config)
        with raw(config) as connection:
            found = connection.execute(text("SELECT id, subject FROM audit ORDER BY id")).all()
        assert found == [(1, "case 2"), (2, "case 3"), (3, "case 7")]
        command.downgrade(config, "0003")
    with raw(config) as connection:
        connection.execute(text("UPDATE audit SET actor = 'jon'"))
        connection.execute(text("INSERT INTO audit (at, actor, action) VALUES ('2026-01-04', 'ana', 'x')"))
        assert connection.execute(text("SELECT max(id) FROM audit")).scalar() == 4
