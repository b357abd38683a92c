"""Legal holds at the desk, certificates on the data protection officer's page, and what could not be erased."""
from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from bot.commands.audit import audit as audit_commands
from bot.commands.keys import keys as key_commands
from bot.commands.retention import retention as command
from bot.database import now, reading, writing
from bot.desk.rendering import texts
from bot.jobs import retention as job
from bot.referrals import holds
from bot.referrals.cases import NotAllowed
from bot.referrals.erasure import erase
from bot.referrals.tables import Hold, NotErased, Report
from bot.security import audit, heads
from bot.security.tables import Erasure
from tests.desk_world import Browser, Desk, make_account, make_case

REASON = "Proceedings at Wexbury court"


@pytest.fixture
def chief(desk: Desk) -> Browser:
    return desk.signed_in("supervisor", "Eva Lund")


@pytest.fixture
def dpo(desk: Desk) -> Browser:
    return desk.signed_in("dpo", "Ida Berg")


@pytest.fixture
def nothing_overdue() -> Iterator[None]:
    yield
    with writing() as session:
        session.query(NotErased).delete()


def raw(case: str) -> bytes:
    with reading() as session:
        table = Hold.__table__
        rows = session.execute(select(table.c.reason, table.c.lifted_reason).where(table.c.case_id == case)).all()
        return b"".join(bytes(value or b"") for row in rows for value in row)


def actions(case: str) -> list[str]:
    with reading() as session:
        return [entry.action for entry in audit.trail(session, [case])]


def test_a_supervisor_sets_and_lifts_a_hold_on_the_page_of_a_case(desk: Desk, chief: Browser) -> None:
    sample, ana = make_case(writing, sent=True), desk.signed_in("duty", "Ana Marin")
    page = f"/desk/case/{sample.case}"
    assert chief.act(sample.case, "hold", reason=" ").status_code == 422 and not raw(sample.case)
    assert "Set a legal hold" in chief.client.get(page).text and "Set a legal hold" not in ana.client.get(page).text
    assert chief.act(sample.case, "hold", reason=REASON).status_code == 303
    for browser in (chief, ana):
        shown = browser.client.get(page).text
        assert REASON in shown and "set by Eva Lund" in shown
    assert chief.act(sample.case, "hold", reason=REASON).status_code == 409
    assert chief.act(sample.case, "lift", reason="").status_code == 422
    assert chief.act(sample.case, "lift", reason="Wexbury has ended").status_code == 303
    assert REASON not in chief.client.get(page).text and chief.act(sample.case, "lift", reason="x").status_code == 409
    assert [a for a in actions(sample.case) if a.startswith("hold.")] == ["hold.set", "hold.lifted"]
    assert raw(sample.case) and b"Wexbury" not in raw(sample.case)


def test_the_data_protection_officer_does_so_without_seeing_the_case(dpo: Browser, chief: Browser) -> None:
    sample = make_case(writing, sent=True, text="Zorvina at the station")
    given = {"subject": sample.reference, "case": sample.case}
    assert "Set a legal hold" in dpo.post("/desk/audit", subject=sample.reference).text
    refused = dpo.post("/desk/audit/hold", **given, reason="")
    assert refused.status_code == 422 and texts()["missing_inputs"]["reason"] in refused.text
    shown = dpo.post("/desk/audit/hold", **given, reason=REASON)
    assert shown.status_code == 200 and REASON in shown.text and "set by Ida Berg" in shown.text
    assert "hold.set" in shown.text and "Zorvina" not in shown.text
    assert dpo.client.get(f"/desk/case/{sample.case}").status_code == 403
    # Whoever of the two set it, the other may lift it, and both read what was.
    assert chief.act(sample.case, "lift", reason="It has ended").status_code == 303
    shown = dpo.post("/desk/audit", subject=sample.case).text
    assert REASON in shown and "by Eva Lund: It has ended" in shown
    assert dpo.post("/desk/audit/lift", **given, reason="x").status_code == 409
    for unknown in ("", sample.report, "unknown"):
        assert dpo.post("/desk/audit/hold", subject="", case=unknown, reason=REASON).status_code == 404


def test_nobody_else_may(desk: Desk) -> None:
    sample = make_case(writing, sent=True)
    for role in ("duty", "manager", "admin"):
        account, _ = make_account(writing, role, f"Some {role}")
        with pytest.raises(NotAllowed), writing() as session:
            holds.set_hold(session, sample.case, account, REASON)
    assert not raw(sample.case)


def test_what_is_held_is_not_erased_on_request(desk: Desk, chief: Browser) -> None:
    sample = make_case(writing, sent=True)
    chief.act(sample.case, "hold", reason=REASON)
    said = CliRunner().invoke(key_commands, ["erase", str(sample.reference), "--reason", "asked for"])
    assert said.exit_code == 1 and "a legal hold stands on it" in said.output
    chief.act(sample.case, "lift", reason="It has ended")
    assert CliRunner().invoke(key_commands, ["erase", str(sample.reference), "--reason", "asked for"]).exit_code == 0
    assert chief.act(sample.case, "hold", reason=REASON).status_code == 409, "there is nothing left to hold"
    assert REASON.encode() not in raw(sample.case)


def erased(reason: str = "asked for") -> tuple[str, str, str]:
    """Erase a record; give its reference, case and certificate."""
    sample = make_case(writing, sent=True)
    with writing() as session:
        erase(session, session.get(Report, sample.report), "admin", reason)
    with reading() as session:
        return str(sample.reference), sample.case, session.query(Erasure).filter_by(report_id=sample.report).one().id


def test_a_certificate_is_shown_by_reference_or_id_and_names_no_reference(dpo: Browser) -> None:
    reference, case, certificate = erased()
    for subject in (reference, case):
        page = dpo.post("/desk/audit", subject=subject).text
        assert certificate in page and "asked for" in page and "erasure.certified" in page
        assert texts()["retention"]["not_bound"] not in page
        said = CliRunner().invoke(audit_commands, ["show", "--subject", subject]).output
        assert f"certificate {certificate}: request erased" in said and "keys destroyed: " in said
        assert "THE TRAIL DOES NOT" not in said
    with reading() as session:
        row = session.get(Erasure, certificate)
        assert reference not in str([getattr(row, column.name) for column in Erasure.__table__.columns])


@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_certificate_that_was_changed_or_removed_is_found_out(dpo: Browser, harm: str) -> None:
    reference, _, certificate = erased()
    assert heads.check(full=True).fault is None
    which = Erasure.id == certificate
    with writing() as session:
        kept = dict(session.execute(select(Erasure.__table__).where(which)).one()._mapping)
        if harm == "changed":
            session.execute(update(Erasure).where(which).values(rule="another reason"))
        else:
            session.query(Erasure).filter(which).delete()
    try:
        fault = heads.check(full=True).fault
        assert fault and fault.what == "certificate"
        with reading() as session:
            named = session.get(audit.AuditEntry, fault.number)
            assert (named.action, named.subject) == ("erasure.certified", certificate)
        said = CliRunner().invoke(audit_commands, ["verify"])
        assert said.exit_code == 1 and f"entry {fault.number}: certificate" in said.output
        if harm == "changed":
            assert texts()["retention"]["not_bound"] in dpo.post("/desk/audit", subject=reference).text
    finally:
        with writing() as session:
            session.query(Erasure).filter(which).delete()
            session.execute(Erasure.__table__.insert().values(kept))
    assert heads.check(full=True).fault is None


def test_a_certificate_that_was_added_is_in_no_entry(dpo: Browser) -> None:
    sample = make_case(writing, sent=True)
    with writing() as session:
        session.add(Erasure(id="f" * 40, at=now(), kind="request", rule="x", by="x", report_id=sample.report,
                            counts="{}", keys="[]"))
    assert texts()["retention"]["not_bound"] in dpo.post("/desk/audit", subject=sample.report).text
    with writing() as session:
        session.query(Erasure).filter_by(id="f" * 40).delete()


def test_what_could_not_be_erased_rings_for_those_who_can_do_something(
    desk: Desk, chief: Browser, dpo: Browser, nothing_overdue: None
) -> None:
    ana = desk.signed_in("duty", "Ana Marin")
    pages = ((chief, "/desk"), (dpo, "/desk/audit"))
    said = re.escape(texts()["retention"]["overdue"].split("{since}")[0].format(count=1))
    assert not any(re.search(said, browser.client.get(path).text) for browser, path in pages)
    job._note({"transcript:some-id": "OSError"})
    assert all(re.search(said, browser.client.get(path).text) for browser, path in pages)
    assert not re.search(said, ana.client.get("/desk").text)
    job._note({})
    assert not any(re.search(said, browser.client.get(path).text) for browser, path in pages)


def test_the_command_says_what_would_go_and_erases_nothing(desk: Desk, chief: Browser) -> None:
    with reading() as session:
        before = session.query(Report).count(), session.query(Erasure).count()
    said = CliRunner().invoke(command, []).output
    assert [line.split()[0] for line in said.splitlines()] == [
        "class", "transcript", "contact", "referral", "advice", "deliveries", "sessions", "changes", "invitations"]
    with reading() as session:
        assert (session.query(Report).count(), session.query(Erasure).count()) == before


def test_the_command_fails_where_something_could_not_be_erased(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, nothing_overdue: None
) -> None:
    monkeypatch.setattr("bot.commands.retention.one_round", lambda: ({"advice": 3}, {"advice:some-id": "OSError"}))
    said = CliRunner().invoke(command, ["--run"])
    assert said.exit_code == 1 and "3 rows erased" in said.output and "advice:some-id (OSError)" in said.output


def test_a_refused_hold_loses_nothing_of_what_was_typed(dpo: Browser) -> None:
    sample = make_case(writing, sent=True)
    long = "x" * 1001
    answer = dpo.post("/desk/audit/hold", subject=sample.case, case=sample.case, reason=long)
    assert answer.status_code == 422 and long in answer.text
