"""An erased record reads nowhere, old copies included; the desk says so, and the chat goes on with another report."""
from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import bot.database
from bot.commands.keys import keys as commands
from bot.conversations.messages import add_message, messages_after, receive
from bot.conversations.tables import Conversation, Message
from bot.database import empty_log, engine, reading, writing
from bot.desk.acts import ACTS
from bot.desk.queue import queue
from bot.jobs.alarms import repeat_alarms
from bot.protocol.record import schema
from bot.referrals import claims, decisions
from bot.referrals.erasure import AlreadyErased, erase
from bot.referrals.reports import amend, begin_report, by_reference, record_of
from bot.referrals.tables import Amendment, Case, Receipt, Report
from bot.security import audit, keys
from bot.security.tables import DataKey, Erasure
from tests.databases import ON_POSTGRESQL
from tests.desk_world import Desk, Sample, make_account, make_case

SECRET = "Zorvina Quellmark at Wexbury"
of_sqlite_s_file = pytest.mark.skipif(
    ON_POSTGRESQL, reason="looks into SQLite's file; what old copies give on any engine is in tests/reliability")


def sent() -> Sample:
    sample = make_case(writing, sent=True, text=SECRET, values={"place": "Wexbury"})
    officer, _ = make_account(writing, "duty", "Ana Marin")
    with writing() as session:
        claims.claim(session, sample.case, officer)
        decisions.decide(session, sample.case, officer, "need_more", "Ask Zorvina")
        decisions.name_case_manager(session, sample.case, officer, [], "Mira Wexbury", "Care")
        amend(session, sample.report, "Wexbury again", "responder", True, None)
    return sample


def erased() -> Sample:
    sample = sent()
    with writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    return sample


def everything(sample: Sample) -> str:
    with reading() as session:
        return json.dumps(record_of(session, session.get(Report, sample.report)))


def test_nothing_of_it_reads_any_more(desk: Desk) -> None:
    sample, other = sent(), sent()
    assert "Wexbury" in everything(sample)
    with writing() as session:
        key_id = erase(session, session.get(Report, sample.report), "admin", "asked for")
    for _ in range(2):
        left = everything(sample)
        assert "Wexbury" not in left and "Zorvina" not in left and json.loads(left)["status"] == "erased"
        # Neither this process, which had the key open, nor one that never had it.
        keys.open_keys.clear()
    assert "Wexbury" in everything(other)
    with reading() as session:
        certificate = session.execute(select(DataKey).filter_by(id=key_id)).scalar_one()
        assert (certificate.subject, certificate.erased_by, certificate.erased_reason, certificate.wrapped) == (
            sample.report, "admin", "asked for", None)
        assert certificate.erased_at
        counts = json.loads(session.query(Erasure).filter_by(report_id=sample.report).one().counts)
        assert counts["receipts"] == counts["reports"] == 1
        receipt = session.query(Receipt).filter_by(report_id=sample.report).one()
        assert receipt.blank and receipt.erased and receipt.confirmed_at
        entries = [(e.actor, e.action) for e in audit.trail(session, {sample.report})]
        assert [action for _, action in entries] == ["referral.sent", "record.erased"] and entries[1][0] == "admin"


def test_the_record_keeps_its_schema(desk: Desk) -> None:
    import jsonschema_rs

    jsonschema_rs.validator_for(schema()).validate(json.loads(everything(erased())))


@of_sqlite_s_file
def test_an_old_copy_reads_nothing_once_its_key_is_gone(desk: Desk, tmp_path: Path) -> None:
    """A backup of all but the keys is put back beside the keys as they are now."""
    sample = sent()
    empty_log()
    source = str(engine().url.database)
    shutil.copy(source, tmp_path / "old.db")
    with writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    empty_log()
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("DELETE FROM data_keys")
        old.execute("ATTACH ? AS present", (source,))
        old.execute("INSERT INTO data_keys SELECT * FROM present.data_keys")
    old.close()
    keys.open_keys.clear()
    restored = bot.database.make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with bot.database.Session(restored, future=True) as session:
        report = session.get(Report, sample.report)
        assert report.erased and "Wexbury" not in json.dumps(record_of(session, report))
        assert all(m.erased for m in session.execute(select(Message).filter_by(report_id=report.id)).scalars())
    restored.dispose()


@of_sqlite_s_file
def test_the_wrapped_key_is_in_no_file(desk: Desk) -> None:
    sample = sent()
    with writing() as session:
        wrapped = session.execute(select(DataKey.wrapped).filter_by(subject=sample.report)).scalar_one()
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    assert empty_log()
    path = Path(str(engine().url.database))
    assert wrapped not in b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_the_desk_says_so_and_no_page_breaks(desk: Desk) -> None:
    sample = erased()
    browser = desk.signed_in()
    page = browser.client.get(f"/desk/case/{sample.case}")
    assert page.status_code == 200 and "erased for good" in page.text and "Wexbury" not in page.text
    assert "nothing was sent" not in page.text and "Nobody described" not in page.text
    for shown in ("", "?show=closed", "?show=mine"):
        assert browser.client.get(f"/desk{shown}").status_code == 200
    assert "erased" in browser.client.get("/desk?show=closed").text
    paper = browser.client.get(f"/desk/case/{sample.case}/print?route=nfp")
    assert paper.status_code == 409 and "erased for good" in paper.text
    found = browser.post("/desk/find", typed=sample.reference)
    assert found.status_code == 303 and sample.case in found.headers["location"]


@pytest.mark.parametrize("act", sorted(ACTS))
def test_every_act_on_it_is_refused_kindly(desk: Desk, act: str) -> None:
    sample = erased()
    answer = desk.signed_in("supervisor").act(sample.case, act, text="x", own_id=uuid.uuid4().hex, decision="accept",
                                              reason="x", manager="x", organisation="x", route="nfp", by="x")
    assert answer.status_code in (409, 422) and "Wexbury" not in answer.text


def test_jobs_and_queue_go_on(desk: Desk) -> None:
    erased()
    officer, _ = make_account(writing, "duty", "Ana Marin")
    with writing() as session:
        repeat_alarms(session)
        queue(session, officer)
        queue(session, officer, "closed")


def test_the_chat_goes_on_with_another_report(desk: Desk) -> None:
    sample = erased()
    with writing() as session:
        conversation = session.get(Conversation, sample.conversation)
        assert (conversation.report_id, conversation.state) == (None, "bot")
        add_message(session, conversation, "responder", "there is another child")
        report = begin_report(session, conversation)
        assert report.id != sample.report
    with reading() as session:
        texts = [message.text for message in messages_after(session, sample.conversation)]
        assert texts[-1] == "there is another child" and "Erased." in texts


def test_nothing_is_written_under_an_erased_key(desk: Desk) -> None:
    sample = erased()
    with pytest.raises(keys.KeyErased), writing() as session:
        amend(session, sample.report, "more", "unknown sender", False, None)
    with reading() as session:
        assert len(session.execute(select(Amendment).filter_by(report_id=sample.report)).all()) == 1


def test_what_waited_to_be_answered_or_sent_does_not_go_out(desk: Desk) -> None:
    sample = sent()
    with writing() as session:
        conversation = session.get(Conversation, sample.conversation)
        waiting = add_message(session, conversation, "responder", SECRET, state="waiting", report_id=sample.report).id
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    with reading() as session:
        assert session.get(Message, waiting).state == "done"


def test_a_message_that_is_sent_again_after_it_was_erased_is_a_new_one(desk: Desk) -> None:
    sample = sent()
    with writing() as session:
        conversation = session.get(Conversation, sample.conversation)
        first, new = receive(session, conversation, SECRET, None, "wamid.351912")
        assert new and receive(session, conversation, SECRET, None, "wamid.351912") == (first, False)
        erase(session, session.get(Report, sample.report), "admin", "asked for")
        assert (first.external_id, first.external_id_hash) == (None, None)
        again, new = receive(session, conversation, "there is another child", None, "wamid.351912")
        assert new and (again.text, again.external_id) == ("there is another child", "wamid.351912")


def test_twice_is_said(desk: Desk) -> None:
    sample = erased()
    with pytest.raises(AlreadyErased), writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "again")
    with reading() as session:
        assert session.execute(select(DataKey.erased_reason).filter_by(subject=sample.report)).scalar() == "asked for"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(commands, list(arguments))
    return f"{result.exit_code} {result.output}"


def test_from_the_command_line(desk: Desk) -> None:
    sample = sent()
    spoken = str(sample.reference).lower().replace("-", " ")
    assert run("erase", spoken).startswith("2 ")
    assert run("erase", spoken, "--reason", " ").startswith("1 ")
    assert run("erase", "7K2M", "--reason", "asked for").startswith("1 Error: there is no record")
    assert run("erase", spoken, "--reason", "asked for").startswith("0 Erased; its key was ")
    assert run("erase", spoken, "--reason", "asked for").startswith("0 It was erased before")
    with reading() as session:
        assert by_reference(session, str(sample.reference)).erased
    assert "data keys wrapped with the new key" in run("rotate")
    assert len(run("status").splitlines()) == 2 and run("forget").startswith("0 ")
    with reading() as session:
        assert session.get(Case, sample.case).erased
