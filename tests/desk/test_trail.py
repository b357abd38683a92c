"""The audit trail at the desk: every look leaves an entry, none holds content, a supervisor hears of a fault."""
from __future__ import annotations

import ast
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from bot.commands.audit import audit as commands
from bot.database import now, reading, writing
from bot.desk import access, acts
from bot.desk.rendering import texts
from bot.door import bot_client
from bot.jobs import trail as job
from bot.referrals.tables import Report
from bot.security import audit, chain, heads
from bot.security.tables import AuditEntry
from bot.settings import ROOT, settings
from tests.desk_world import Browser, Desk, desk_app, make_case

SHOWS_NO_RECORD = {"sign_in_page", "static", "events", "audit_page", "accounts_page", "sessions_page",
                   "invitations_page", "enrolment_page", "enrolment_picture"}
PLANTED = "Xiomara"


@pytest.fixture
def ana(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Ana Marin")


@pytest.fixture
def chief(desk: Desk) -> Browser:
    return desk.signed_in("supervisor", "Eva Lund")


@pytest.fixture(autouse=True)
def assistant_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def give_back(_: str) -> None:
        return None

    monkeypatch.setattr(bot_client, "give_back", give_back)


@pytest.fixture
def no_heads() -> Iterator[Path]:
    """The folder of the heads, empty before and after."""
    folder = settings().audit_heads

    def clear() -> None:
        for path in folder.glob("*") if folder.exists() else ():
            path.unlink()

    clear()
    yield folder
    clear()


def noted(browser: Browser) -> list[str]:
    with reading() as session:
        query = select(AuditEntry.action).filter_by(actor=browser.account.name).order_by(AuditEntry.id)
        return list(session.execute(query).scalars())


def test_every_page_that_shows_a_record_leaves_an_entry(ana: Browser) -> None:
    sample = make_case(writing, sent=True)
    pages = {"queue_page": "/desk", "case_page": f"/desk/case/{sample.case}",
             "print_page": f"/desk/case/{sample.case}/print?route=nfp"}
    routes = {route.name.rsplit(".", 1)[-1] for group in desk_app().router.groups.values() for route in group
              if "GET" in route.methods and route.path.startswith("desk")}
    assert routes == set(pages) | SHOWS_NO_RECORD, "does the new page show a record?"
    # Signing in has shown the queue.
    assert noted(ana) == ["sign_in", "queue.opened"]
    for name, path in pages.items():
        assert name in access.RIGHTS and ana.client.get(path).status_code == 200
    assert noted(ana)[2:] == ["case.opened", "case.printed"]
    assert ana.post("/desk/find", typed=sample.reference).status_code == 303
    assert noted(ana)[4:] == ["case.found"]
    ana.post("/desk/find", typed=PLANTED)
    assert noted(ana)[5:] == ["cases.searched"]


def test_a_refused_act_shows_the_case_and_so_leaves_an_entry(ana: Browser, desk: Desk) -> None:
    sample = make_case(writing)
    desk.signed_in("duty", "Jon Berg").act(sample.case, "claim")
    assert ana.act(sample.case, "send", text="hello", own_id="1").status_code == 409
    assert noted(ana)[2:] == ["case.opened"]


def test_what_cannot_be_noted_is_not_shown(ana: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    def fail(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("locked"))

    sample = make_case(writing)
    monkeypatch.setattr(chain, "append", fail)
    for path in (f"/desk/case/{sample.case}", f"/desk/case/{sample.case}/print?route=nfp"):
        answer = ana.client.get(path)
        assert answer.status_code == 503 and "passport" not in answer.text
    answer = ana.post("/desk/find", typed="Quellmark")
    assert answer.status_code == 503 and 'id="found"' not in answer.text


def test_no_entry_holds_what_anybody_said(ana: Browser, chief: Browser) -> None:
    sample = make_case(writing, text=f"{PLANTED}, 14, is here", values={"place": PLANTED})
    given = {"text": PLANTED, "reason": PLANTED, "where": PLANTED, "manager": PLANTED, "organisation": PLANTED,
             "by": PLANTED, "own_id": PLANTED, "route": "nfp", "version": "1", "report.tonight": PLANTED,
             "report.place": PLANTED, "person.p1.name": PLANTED, "report.adult_name": PLANTED, "why": "danger"}
    done = set()
    for act in ("acknowledge", "claim", "reveal", "send", "answers", "make_referral", "confirm", "manager", "hand_back",
                "claim", "release", "claim", "close"):
        if ana.act(sample.case, act, **given).status_code == 303:
            done.add(act)
        ana.act(sample.case, act, **{**given, "decision": PLANTED})
    for decision in ("need_more", "accept", "not_competent", "duplicate"):
        other = make_case(writing, sent=True, text=PLANTED)
        ana.act(other.case, "claim")
        ana.act(other.case, "decide", **{**given, "decision": decision})
    ana.act(make_case(writing).case, "claim")
    done |= {act for act in ("take_over", "hold", "lift") if chief.act(other.case, act, **given).status_code == 303}
    ana.post("/desk/find", typed=PLANTED)
    ana.client.get(f"/desk/case/{sample.case}/print?route={PLANTED}")
    CliRunner().invoke(commands, ["show", "--subject", PLANTED])
    assert done >= set(acts.ACTS) - {"decide", "confirm"}, "the planted name did not get everywhere"
    with reading() as session:
        said = session.get(Report, sample.report).data
        assert PLANTED in str(said)
        for entry in session.query(AuditEntry):
            assert PLANTED.lower() not in f"{entry.actor} {entry.action} {entry.subject}".lower(), entry.action
            assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", entry.action)


def test_what_leaves_an_entry_is_in_the_documentation() -> None:
    """Every action that is named where the code notes one."""
    named = {f"case.{decision}" for decision in texts()["decisions"]}
    named |= {f"names.{reason}" for reason in texts()["reveal"]}
    for path in (ROOT / "bot").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            # Handed on to a thread, the function is the first argument.
            called = {ast.unparse(one).rsplit(".", 1)[-1] for one in (call.func, *call.args[:1])}
            if called & {"note", "look", "done", "_load"}:
                named |= {one.value for one in ast.walk(call) if isinstance(one, ast.Constant)
                          and re.fullmatch(r"[a-z_]+\.[a-z_]+|sign_\w+", str(one.value))}
    part = (ROOT / "docs" / "operate.md").read_text("utf-8").split("## The audit trail")[1].split("\n**When")[0]
    table = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert named == {one for cell in table for one in re.findall(r"`([a-z_.]+)`", cell)}


def test_show_tells_who_read_a_record_by_its_reference_and_is_noted(ana: Browser) -> None:
    sample = make_case(writing, sent=True)
    ana.client.get(f"/desk/case/{sample.case}")
    with writing() as session:
        audit.note(session, "token partner", "record.read", sample.report)
    for subject in (sample.reference, sample.case, sample.report, sample.conversation):
        said = CliRunner().invoke(commands, ["show", "--subject", subject]).output
        assert "case.opened" in said and "token partner" in said and ana.account.name in said
    assert said.count("audit.read") == 3
    unknown = f"nobody-{uuid.uuid4()}"
    assert CliRunner().invoke(commands, ["show", "--subject", unknown]).output == ""


def test_a_supervisor_reads_yesterdays_head_and_whether_the_chain_holds(
    chief: Browser, ana: Browser, no_heads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "has not been checked yet" in chief.client.get("/desk").text
    yesterday = now() - timedelta(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(heads, "now", lambda: yesterday)
        job.attend(starting=True)
    head = heads.kept()[-1]
    job.attend()
    page = chief.client.get("/desk").text
    assert f"ended with entry {head.number}, head {head.hash[:12]}." in page
    assert "whole up to entry" in page and "not whole" not in page and "has not been checked" not in page
    assert 'id="trail"' not in ana.client.get("/desk").text


@pytest.mark.parametrize("what", ["altered", "missing", "out_of_order", "cut_off", "replaced", "certificate"])
def test_a_supervisor_is_told_loudly_of_a_fault(
    chief: Browser, ana: Browser, no_heads: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    bad = chain.Checked(chain.BEGINNING, chain.Fault(17, what))
    monkeypatch.setattr(heads, "verify", lambda *_: bad)
    job.attend()
    page = chief.client.get("/desk").text
    assert "The audit trail is not whole" in page and texts()["trail"][what].format(number=17) in page
    assert "not whole" not in ana.client.get("/desk").text


def test_a_supervisor_is_told_of_a_missed_night_and_of_broken_files(
    chief: Browser, no_heads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(heads, "now", lambda: now() - timedelta(hours=37))
        heads.check(full=True)
    assert "has not been checked since" in chief.client.get("/desk").text
    (no_heads / "2026-01-01").write_text("nonsense\n")
    assert "cannot be read" in chief.client.get("/desk").text
