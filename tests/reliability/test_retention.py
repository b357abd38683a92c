"""What is over its time goes everywhere, a day earlier nothing does; what is open, waits or is held never goes."""
from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

import bot.referrals.passing as passing
import bot.referrals.retention as retention
from bot.conversations.messages import add_message, messages_after, open_conversation, receive
from bot.conversations.tables import Change, Conversation, Delivery, DialogueState, Message
from bot.database import Base, engine, now, reading, writing
from bot.desk import acts
from bot.jobs.retention import AGAIN, is_due, one_round
from bot.notices.tables import Notice
from bot.protocol.loading import BrokenData
from bot.protocol.profile import load_profile
from bot.protocol.report import new_report, put
from bot.referrals import holds
from bot.referrals.cases import OnHold
from bot.referrals.clearing import Clearing
from bot.referrals.erasure import erase
from bot.referrals.reports import amend, begin_report, record_of
from bot.referrals.tables import Amendment, Case, Hold, NotErased, Receipt, Report, SearchToken
from bot.security import browsers, enrolment, invitations, sessions
from bot.security.invitation_tables import Device, Invitation
from bot.security.keys import open_keys, transcript_of
from bot.security.tables import ApiToken, DataKey, DeskSession, Enrolment, Erasure, KnownBrowser
from bot.security.tokens import create
from bot.security.webhooks import set_webhook
from bot.serve import serve_jobs
from bot.settings import settings
from tests.databases import needs_postgresql
from tests.desk_world import Sample, make_account, make_case
from tests.invited import bind, invited, is_bound
from tests.reliability.crashes import own_database

DAYS = {kind: period.days for kind, period in (load_profile("default").retention or {}).items()}
PLANTED = "Zorvina-Quellmark"


@pytest.fixture(autouse=True)
def installation(tmp_path: Path) -> Iterator[None]:
    with own_database(tmp_path):
        yield
    open_keys.clear()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Do a round as if so much time had passed; gives what failed in it."""

    def do(**passed: float) -> dict[str, str]:
        at = now() + timedelta(**passed)
        for module in (retention, passing):
            monkeypatch.setattr(module, "now", lambda: at)
        return one_round(lambda _: None)[1]

    return do


@pytest.fixture
def officer() -> Any:
    return make_account(writing, "supervisor", "Eva Lund")[0]


def close(sample: Sample, officer: Any) -> None:
    acts.do("claim", sample.case, officer, {})
    acts.do("close", sample.case, officer, {"reason": ["The child is safe."]})


def closed(officer: Any, **more: Any) -> Sample:
    """A case that was closed now, with all that can hang on one; its channel has an address of its own."""
    sample = make_case(writing, **{"sent": True, "text": PLANTED, **more})
    with writing() as session:
        name = f"c-{uuid.uuid4().hex[:12]}"
        create(session, name, "channel")
        set_webhook(session, name, "https://channel.example/in")
        chat = session.get(Conversation, sample.conversation)
        chat.owner = f"token:{session.execute(select(ApiToken.id).filter_by(name=name)).scalar_one()}"
        chat.name = f"{PLANTED}-{sample.conversation[:8]}"
        session.add(DialogueState(conversation_id=chat.id, events=[PLANTED]))
        add_message(session, chat, "human", f"Is {PLANTED} safe?", speaker="Eva Lund")
        amend(session, sample.report, PLANTED, "responder", False, None)
    close(sample, officer)
    with writing() as session:
        session.query(Delivery).update({"state": "sent", "finished_at": now()})
    return sample


def rows(*tables: Any) -> dict[str, int]:
    with reading() as session:
        return {table.__tablename__: session.query(table).count() for table in tables}


def key_of(subject: str) -> bytes | None:
    with reading() as session:
        return session.execute(select(DataKey.wrapped).filter_by(subject=subject)).scalar_one()


def name_of(conversation: str) -> list[bytes]:
    """Give what the database keeps of a chat's name: sealed, and its hash."""
    with reading() as session:
        chat = session.get(Conversation, conversation)
        return [bytes(chat.name_sealed), chat.name_hash.encode()]


def stored() -> bytes:
    """Give every byte that the installation keeps: files on SQLite, all columns of all rows elsewhere."""
    if engine().dialect.name == "sqlite":
        path = Path(str(engine().url.database))
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    with reading() as session:
        found = [value for table in Base.metadata.sorted_tables
                 for row in session.execute(text(f"SELECT * FROM {table.name}")) for value in row]
    return b"\n".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in found)


def test_the_transcript_goes_after_its_period_and_not_a_day_before(officer: Any, later: Any) -> None:
    sample = closed(officer)
    with reading() as session:
        sealed = session.execute(select(Message.__table__.c.text)).scalars().all()
    secrets = [*map(bytes, sealed), bytes(key_of(transcript_of(sample.report)) or b""),
               bytes(key_of(sample.conversation) or b""), *name_of(sample.conversation)]
    assert later(days=DAYS["transcript"] - 1) == {}
    assert rows(Message)["messages"] == len(sealed) and all(secret in stored() for secret in secrets)
    assert later(days=DAYS["transcript"] + 1) == {}
    assert rows(Message, Delivery, DialogueState) == {"messages": 0, "deliveries": 0, "dialogue_states": 0}
    assert not any(secret in stored() for secret in secrets)
    with reading() as session:
        record = record_of(session, session.get(Report, sample.report))
        assert record["account"] == [PLANTED] and record["transcript"] == [] and record["reference"]
        chat = session.get(Conversation, sample.conversation)
        assert (chat.state, chat.name, chat.name_hash, chat.return_code_hash) == ("closed", None, None, None)
        assert record["conversation"] == chat.id and record["state"] == "closed"


@pytest.mark.parametrize("kind", ["contact", "referral"])
def test_the_record_goes_after_its_period_and_not_a_day_before(officer: Any, later: Any, kind: str) -> None:
    sample = closed(officer, sent=kind == "referral")
    with reading() as session:
        data = bytes(session.execute(select(Report.__table__.c.data)).scalar_one())
    wrapped = bytes(key_of(sample.report) or b"")
    with writing() as session:
        session.add(SearchToken(report_id=sample.report, kind="name", token="t"))
    assert later(days=DAYS[kind] - 1) == {}
    assert rows(Report, Case, SearchToken) == {"reports": 1, "cases": 1, "search_tokens": 1}
    assert data in stored() and wrapped in stored()
    assert later(days=DAYS[kind] + 1) == {}
    assert set(rows(Report, Case, Receipt, Amendment, SearchToken, Conversation, Message).values()) == {0}
    assert data not in stored() and wrapped not in stored() and sample.conversation.encode() in stored()
    assert key_of(sample.report) is key_of(transcript_of(sample.report)) is key_of(sample.conversation) is None


def a_chat(about_a_child: bool = False, dropped: bool = False) -> tuple[str, str]:
    """A chat of which the desk has nothing; gives its id and that of its report."""
    content = new_report()
    content["about_a_person"] = about_a_child
    if about_a_child:
        put(content, "age", 14, source="message")
    with writing() as session:
        chat = open_conversation(session, "api", f"web:{uuid.uuid4()}", PLANTED)
        report = begin_report(session, chat, content)
        report.dropped_at = now() if dropped else None
        message, _ = receive(session, chat, PLANTED, None, "m-1")
        message.state = "done"
        return chat.id, report.id


@pytest.mark.parametrize("dropped", [False, True])
def test_a_chat_that_reached_no_desk_goes_after_its_period_and_not_a_day_before(later: Any, dropped: bool) -> None:
    chat, report = a_chat(about_a_child=dropped, dropped=dropped)
    secrets = [*(bytes(key_of(subject) or b"") for subject in (chat, report, transcript_of(report))), *name_of(chat)]
    assert later(days=DAYS["advice"] - 1) == {}
    assert rows(Conversation, Message, Report) == {"conversations": 1, "messages": 1, "reports": 1}
    assert all(secret in stored() for secret in secrets)
    assert later(days=DAYS["advice"] + 1) == {}
    assert set(rows(Conversation, Message, Report).values()) == {0}
    assert not any(secret in stored() for secret in secrets)


def test_a_draft_about_a_child_that_the_desk_never_had_is_put_there_and_kept(later: Any) -> None:
    a_chat(about_a_child=True)
    for days in (DAYS["advice"] + 1, DAYS["referral"]):
        assert later(days=days) == {}
    with reading() as session:
        case = session.query(Case).one()
        assert (case.state, case.reason) == ("open", "unfinished") and session.query(Message).count() >= 1


def stays(later: Any) -> bool:
    """Tell whether everything stays for as long as anything is kept."""
    before = rows(Conversation, Message, Report, Case, DataKey)
    for days in (DAYS["transcript"] + 1, DAYS["referral"] + 1):
        assert later(days=days) == {}
    return rows(Conversation, Message, Report, Case, DataKey) == before and rows(Erasure)["erasures"] == 0


@pytest.mark.parametrize("state", ["open", "claimed", "reopened"])
def test_a_case_that_is_not_closed_never_goes(officer: Any, later: Any, state: str) -> None:
    sample = make_case(writing, sent=True)
    with writing() as session:
        session.query(Change).delete()
    if state == "claimed":
        acts.do("claim", sample.case, officer, {})
    if state == "reopened":
        close(sample, officer)
        with writing() as session:
            amend(session, sample.report, "There is a second girl", "responder", True, None)
    with writing() as session:
        session.query(Change).delete()
    assert stays(later)


@pytest.mark.parametrize("what", ["message", "delivery"])
def test_nothing_goes_while_something_waits(officer: Any, later: Any, what: str) -> None:
    sample = closed(officer)
    with writing() as session:
        if what == "delivery":
            session.query(Delivery).update({"state": "waiting", "finished_at": None})
        else:
            session.query(Delivery).delete()
            session.query(Message).filter_by(conversation_id=sample.conversation, seq=1).update({"state": "waiting"})
        session.query(Change).delete()
    assert stays(later)


def test_a_chat_in_use_keeps_its_transcript(officer: Any, later: Any) -> None:
    sample = closed(officer)
    with writing() as session:
        chat = session.get(Conversation, sample.conversation)
        chat.updated_at = now() + timedelta(days=DAYS["transcript"])
    later(days=DAYS["transcript"] + 1)
    assert rows(Message)["messages"] > 0
    later(days=DAYS["transcript"] + DAYS["advice"] + 1)
    assert rows(Message)["messages"] == 0


def test_a_legal_hold_keeps_everything_until_it_is_lifted(officer: Any, later: Any) -> None:
    sample = closed(officer)
    with writing() as session:
        holds.set_hold(session, sample.case, officer, f"Proceedings about {PLANTED}")
        session.query(Delivery).delete()
        session.query(Change).delete()
    assert stays(later)
    with pytest.raises(OnHold), writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    [transcript, _, referral, *_] = retention.outlook()
    assert (transcript.due, transcript.held, referral.due, referral.held) == (0, 1, 0, 1)
    with writing() as session:
        holds.lift_hold(session, sample.case, officer, "They have ended")
    later(days=DAYS["referral"] + 1)
    assert set(rows(Conversation, Message, Report, Case, Hold).values()) == {0} and PLANTED.encode() not in stored()


def two_cases() -> tuple[Sample, Sample]:
    first = make_case(writing, sent=True, conversation="both")
    return first, make_case(writing, sent=True, conversation="both")


def test_of_several_cases_the_last_one_decides_about_the_transcript(officer: Any, later: Any) -> None:
    first, second = two_cases()
    close(first, officer)
    with writing() as session:
        session.get(Case, first.case).closed_at = now() - timedelta(days=DAYS["transcript"] + 1)
    later(days=DAYS["advice"] + 1)
    before = rows(Message)["messages"]
    assert before > 0, "it went although the other case is open"
    close(second, officer)
    later(days=DAYS["transcript"] - 1)
    assert rows(Message)["messages"] >= before, "it went when the first case allowed it"
    later(days=DAYS["transcript"] + 1)
    assert rows(Message, Report, Case) == {"messages": 0, "reports": 2, "cases": 2}


def test_a_hold_on_one_case_keeps_the_chat_of_both_and_not_the_other_record(officer: Any, later: Any) -> None:
    first, second = two_cases()
    close(first, officer)
    close(second, officer)
    with writing() as session:
        holds.set_hold(session, first.case, officer, "Proceedings")
    later(days=DAYS["referral"] + 1)
    with reading() as session:
        assert [case.id for case in session.query(Case)] == [first.case]
        said = messages_after(session, first.conversation)
        assert {m.report_id for m in said} == {first.report, second.report} and not any(m.erased for m in said)
    with writing() as session:
        holds.lift_hold(session, first.case, officer, "They have ended")
    later(days=DAYS["referral"] + 1)
    assert set(rows(Conversation, Message, Report, Case).values()) == {0}
    assert key_of(transcript_of(first.report)) is key_of(transcript_of(second.report)) is None


@pytest.mark.parametrize("kind", ["transcript", "referral", "advice"])
def test_who_writes_again_begins_another_chat(officer: Any, later: Any, kind: str) -> None:
    if kind == "advice":
        before, _ = a_chat()
    else:
        sample = make_case(writing, sent=True)
        before = sample.conversation
        close(sample, officer)
    with reading() as session:
        chat = session.get(Conversation, before)
        owner, name = chat.owner, chat.name
    later(days=DAYS[kind] + 1)
    with writing() as session:
        chat = open_conversation(session, "web", owner, name)
        assert chat.id != before and chat.state == "bot"
        message, new = receive(session, chat, "there is another child", None, None)
        begin_report(session, chat)
        assert new and message.seq == 1
    with reading() as session:
        assert [m.text for m in messages_after(session, chat.id)] == ["there is another child"]


def test_what_was_erased_on_request_goes_with_its_shell_when_its_time_is_over(officer: Any, later: Any) -> None:
    sample = closed(officer)
    with writing() as session:
        erase(session, session.get(Report, sample.report), "admin", "asked for")
    later(days=DAYS["referral"] + 1)
    assert set(rows(Conversation, Message, Report, Case).values()) == {0}


def test_one_that_fails_keeps_no_other_and_is_noted_until_it_goes(
    officer: Any, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = closed(officer), closed(officer)
    real = Clearing.transcript

    def transcript(self: Clearing, conversation: Conversation) -> None:
        real(self, conversation)
        if conversation.id == bad.conversation:
            raise OSError(f"disk failed at {PLANTED}")

    with monkeypatch.context() as patch:
        patch.setattr(Clearing, "transcript", transcript)
        for _ in range(2):
            assert later(days=DAYS["transcript"] + 1) == {f"transcript:{bad.conversation}": "OSError"}
    with reading() as session:
        left = {m.conversation_id for m in session.query(Message)}
        assert left == {bad.conversation} and good.conversation not in left, "half of it went, or the other did not"
        noted = session.query(NotErased).one()
        assert (noted.item, noted.error) == (f"transcript:{bad.conversation}", "OSError")
        assert session.query(Change).filter_by(topic="desk", alarm=True).order_by(Change.id.desc()).first()
    assert later(days=DAYS["transcript"] + 1) == {}
    assert rows(Message, NotErased) == {"messages": 0, "not_erased": 0}


def test_a_backlog_goes_in_small_transactions_with_rests_between(
    officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(passing, "AT_ONCE", 3)
    for _ in range(5):
        a_chat()
    with writing() as session:
        for _ in range(10):
            session.add(Change(topic="desk"))
    at = now() + timedelta(days=DAYS["advice"] + 1)
    for module in (retention, passing):
        monkeypatch.setattr(module, "now", lambda: at)
    rests: list[float] = []
    gone, failed = one_round(rests.append)
    assert failed == {} and rows(Conversation)["conversations"] == 0
    with reading() as session:
        each = [json.loads(erasure.counts) for erasure in session.query(Erasure)]
    chats, batches = ([one for one in each if table in one] for table in ("conversations", "changes"))
    assert [one["conversations"] for one in chats] == [1] * 5 and max(one["changes"] for one in batches) == 3
    assert sum(one["changes"] for one in batches) == gone["changes"] > 9
    assert len(rests) >= len(chats) + len(batches)


def test_the_last_change_stays_so_that_numbers_never_begin_anew(later: Any) -> None:
    with writing() as session:
        for _ in range(3):
            session.add(Change(topic="desk"))
        session.flush()
        last = max(change.id for change in session.query(Change))
    later(days=DAYS["changes"] + 1)
    with writing() as session:
        assert [change.id for change in session.query(Change)] == [last]
        session.add(Change(topic="desk"))
        session.flush()
        assert max(change.id for change in session.query(Change)) > last


def test_rows_that_pass_go_after_their_periods_and_not_a_day_before(officer: Any, later: Any) -> None:
    closed(officer)
    with writing() as session:
        session.add(DeskSession(token_hash="a", account_id=officer.id, csrf="x",
                                created_at=now() - sessions.LONGEST, last_seen_at=now() - sessions.IDLE))
        session.add(Enrolment(token_hash="b", account_id=officer.id, csrf="x", totp_secret="x",
                              created_at=now() - enrolment.LONGEST))
        session.add(KnownBrowser(id="c", account_id=officer.id, token_hash="c", used_at=now() - browsers.LONGEST))
        session.add(Notice(id="n", kind="referral", priority="urgent", address="a@desk.example", state="sent",
                           finished_at=now()))
    tables = {"sessions": (DeskSession, Enrolment, KnownBrowser), "deliveries": (Delivery, Notice)}
    for kind, found in tables.items():
        before = rows(*found)
        later(days=DAYS[kind] - 0.5)
        assert rows(*found) == before and all(before.values()), kind
        later(days=DAYS[kind] + 0.5)
        assert set(rows(*found).values()) == {0}, kind


def test_a_revoked_device_and_its_ended_link_go_and_no_device_comes_back_by_a_link_that_works(later: Any) -> None:
    days = DAYS["invitations"]
    secret, _ = invited()
    with writing() as session:
        assert invitations.accept(session, secret, "web:one")
        device = session.query(Device).one()
        invitations.revoke_device(session, device.id, "admin")
        device.revoked_at -= timedelta(days=days + 1)
        session.query(Invitation).update({"expires_at": now() + timedelta(days=2 * days)})
    later(days=days - 1)
    assert rows(Device, Invitation) == {"devices": 1, "invitations": 1}
    with writing() as session:
        assert not invitations.accept(session, secret, "web:one"), "a lost phone came back"
        invitations.revoke(session, session.query(Invitation).one().id, "admin")
    later(days=days - 1)
    assert rows(Device, Invitation) == {"devices": 0, "invitations": 1}
    with reading() as session:
        ended = session.query(Invitation).one()
        wrapped = bytes(key_of(ended.id) or b"")
        assert wrapped in stored() and key_of(ended.organisation_id)
    later(days=days + 1)
    assert rows(Invitation)["invitations"] == 0
    assert key_of(ended.id) is None and wrapped not in stored() and key_of(ended.organisation_id)
    with reading() as session:
        [certificate] = [one for one in session.query(Erasure) if "invitations" in one.counts]
        assert json.loads(certificate.keys) == [session.query(DataKey).filter_by(subject=ended.id).one().id]


def test_a_device_in_use_keeps_its_ended_link(later: Any) -> None:
    bind("web:one")
    later(days=DAYS["referral"])
    assert rows(Device, Invitation) == {"devices": 1, "invitations": 1}
    assert is_bound("web:one")


def test_a_round_comes_at_the_start_once_a_day_and_again_where_something_failed() -> None:
    noon = datetime(2026, 3, 1, 12).astimezone()
    assert is_due(noon, None, False) and is_due(noon, noon - timedelta(days=1), False)
    assert not is_due(noon + AGAIN * 2, noon, False) and is_due(noon + AGAIN * 2, noon, True)
    assert not is_due(noon + AGAIN / 2, noon, True)


@needs_postgresql
def test_it_waits_for_nobody_who_writes_in_the_chat(officer: Any, later: Any) -> None:
    sample = closed(officer)
    with writing() as session:
        session.query(Conversation).filter_by(id=sample.conversation).with_for_update(key_share=True).one()
        assert later(days=DAYS["transcript"] + 1) == {}
        assert rows(Message)["messages"] > 0
    later(days=DAYS["transcript"] + 1)
    assert rows(Message)["messages"] == 0


def test_the_jobs_do_not_start_without_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_PROFILE", "nowhere")
    settings.cache_clear()
    with pytest.raises(BrokenData, match=r"^nowhere\.yml:1:"):
        serve_jobs()
