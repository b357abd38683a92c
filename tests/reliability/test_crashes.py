"""Processes killed at each marked point of what they do, from storing to changing keys; then all is whole."""
from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

import bot.conversations.delivery as delivery
import bot.notices.outbox as outbox
from bot.conversations.messages import add_message, open_conversation
from bot.conversations.tables import Conversation, Delivery, Message
from bot.crash_points import POINTS, UnknownPoint, reached
from bot.database import now, reading, writing
from bot.desk import acts
from bot.door import gateway
from bot.jobs.delivery import deliver
from bot.jobs.notices import send_due
from bot.jobs.pending import conversations_waiting
from bot.jobs.rounds import one_round
from bot.notices.tables import Notice
from bot.protocol.profile import periods
from bot.referrals.cases import OwnedByOther
from bot.referrals.reports import begin_report, by_reference, readable
from bot.referrals.tables import Case, Report
from bot.retries import LEASE
from bot.security import audit, certificates, key_file, keys, rotation
from bot.security.keys import transcript_of
from bot.security.tables import ApiToken, DataKey, Erasure
from bot.security.tokens import create
from bot.security.webhooks import set_webhook
from bot.settings import ROOT, settings
from tests.desk_world import Sample, make_account, make_case, told_to
from tests.mail_server import running
from tests.reliability.crashes import KILLED, Nursery, own_database
from tests.reliability.nursery import FEW
from tests.reliability.test_bot_killed import TURN

DOOR = ("door.before_commit", "door.stored", "door.answering")
CLAIM = ("claim.won", "act.before_commit", "act.committed")
DECISION = ("decision.noted", "act.before_commit", "act.committed")
REFERRAL = ("submit.before_commit", "act.before_commit", "act.committed")
DELIVERY = ("delivery.taken", "delivery.sent", "delivery.before_commit", "delivery.noted")
NOTICE = ("notice.taken", "notice.sent", "notice.before_commit", "notice.noted")
JOBS = ("jobs.before_commit", "jobs.committed")
RETENTION = ("retention.before_commit", "retention.committed")
REPLACING = ("keys.before_replace", "keys.replaced")
ROTATION = (*REPLACING, "keys.before_commit", "keys.committed")
AFTER = ("door.stored", "door.answering", "act.committed", "delivery.noted", "jobs.committed", "retention.committed",
         "keys.replaced")
"""Points that are reached once everything is stored."""

twice = pytest.mark.parametrize("time", [1, 2])


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory, figure: Callable[[str], None]) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("crash")
    with own_database(folder):
        started = Nursery("acts", folder / "nursery.log")
        yield started
        started.stop()
    figure(f"{started.killed.total()} kills of processes that do one thing, at {len(+started.killed)} of {len(POINTS)} "
           "marked points")


def test_every_point_is_tested_and_described() -> None:
    assert {*DOOR, *CLAIM, *DECISION, *REFERRAL, *DELIVERY, *NOTICE, *JOBS, *RETENTION, *ROTATION,
            *TURN} == set(POINTS)
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", page, re.M) == list(POINTS)
    marked = re.findall(r'reached\("([^"]+)"\)', "".join(p.read_text("utf-8") for p in (ROOT / "bot").rglob("*.py")))
    assert sorted(marked) == sorted(POINTS)


def test_a_point_that_is_none_is_an_error() -> None:
    with pytest.raises(UnknownPoint):
        reached("turn.somewhere")


@twice
@pytest.mark.parametrize("point", DOOR)
async def test_killed_while_a_message_is_stored(nursery: Nursery, point: str, time: int) -> None:
    owner, words = f"web:{uuid.uuid4()}", "he is hitting her right now"
    assert nursery.run("post", owner, words, "m-1", point=point) == KILLED
    mine = select(Message).join(Conversation).where(Conversation.owner == owner)
    rows = {"door.before_commit": 0, "door.stored": 1, "door.answering": 2}[point]
    with reading() as session:
        assert len(session.execute(mine).all()) == rows
    # The phone got no answer and sends the same again.
    answer = await gateway.post(owner, "chat", "web", words, "m-1")
    with writing() as session:
        own, told = session.execute(mine.order_by(Message.seq)).scalars().all()
        assert (own.author, own.text, own.state) == ("responder", words, "waiting")
        assert told.answers == own.id and [m["text"] for m in answer.messages] == [told.text]
        [case] = session.execute(select(Case).filter_by(conversation_id=own.conversation_id)).scalars()
        assert case.danger and case.state == "open"
        own.created_at -= timedelta(minutes=1)
        session.flush()
        assert own.conversation_id in conversations_waiting(session)
        own.state = "done"


def the_case(case_id: str) -> tuple[Case, Conversation]:
    with reading() as session:
        case = session.get(Case, case_id)
        return case, session.get(Conversation, case.conversation_id)


def trail(subject: str) -> list[str]:
    with reading() as session:
        return [entry.action for entry in audit.trail(session, [subject])]


@twice
@pytest.mark.parametrize("point", CLAIM)
def test_killed_while_an_officer_claims(nursery: Nursery, point: str, time: int) -> None:
    sample = make_case(writing)
    ana, jon = (make_account(writing, "duty", name)[0] for name in ("Ana Marin", "Jon Roe"))
    assert nursery.run("act", "claim", sample.case, ana.name, {}, point=point) == KILLED
    case, chat = the_case(sample.case)
    stored = point in AFTER
    assert (case.owner_id, case.state) == ((ana.id, "claimed") if stored else (None, "open"))
    assert (chat.state == "human") == bool(case.acknowledged_at) == bool(trail(sample.case)) == stored
    assert len(told_to(writing, sample.conversation)) == stored
    acts.do("claim", sample.case, ana, {})
    with pytest.raises(OwnedByOther, match="Ana Marin"):
        acts.do("claim", sample.case, jon, {})
    case, chat = the_case(sample.case)
    assert (case.owner_id, case.state, chat.state) == (ana.id, "claimed", "human")
    assert len(told_to(writing, sample.conversation)) == 1 and trail(sample.case) == ["case.claimed"]


def claimed(**more: Any) -> tuple[Sample, Any]:
    sample = make_case(writing, **more)
    ana, _ = make_account(writing, "duty", "Ana Marin")
    acts.do("claim", sample.case, ana, {})
    return sample, ana


@twice
@pytest.mark.parametrize("point", DECISION)
def test_killed_while_an_officer_decides(nursery: Nursery, point: str, time: int) -> None:
    sample, ana = claimed(sent=True)
    form = {"decision": ["need_more"], "reason": ["Which platform?"]}
    assert nursery.run("act", "decide", sample.case, ana.name, form, point=point) == KILLED
    stored = point in AFTER
    assert the_case(sample.case)[0].decision == ("need_more" if stored else None)
    assert sum("Which platform?" in text for text in told_to(writing, sample.conversation)) == stored
    acts.do("decide", sample.case, ana, form)
    assert the_case(sample.case)[0].decision == "need_more"
    assert sum("Which platform?" in text for text in told_to(writing, sample.conversation)) == 1
    assert trail(sample.case) == ["case.claimed", "case.need_more"]


@twice
@pytest.mark.parametrize("point", REFERRAL)
def test_killed_while_a_contact_becomes_a_referral(nursery: Nursery, point: str, time: int) -> None:
    sample, ana = claimed()
    assert nursery.run("act", "make_referral", sample.case, ana.name, {}, point=point) == KILLED
    stored = point in AFTER
    with reading() as session:
        first = session.get(Report, sample.report).reference
    assert bool(first) == stored == (the_case(sample.case)[0].kind == "referral")
    assert nursery.run("act", "make_referral", sample.case, ana.name, {}) == (1 if stored else 0)
    with reading() as session:
        reference = session.get(Report, sample.report).reference
        assert len(session.execute(select(Case).filter_by(report_id=sample.report)).all()) == 1
        assert [(e.actor, e.action) for e in audit.trail(session, [sample.report])] == [(ana.name, "referral.sent")]
    assert reference and first in (None, reference)
    assert [reference in text for text in told_to(writing, sample.conversation)].count(True) == 1


@twice
@pytest.mark.parametrize("point", DELIVERY)
async def test_killed_while_a_message_goes_to_a_channel(
    nursery: Nursery, point: str, time: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing() as session:
        name = f"c-{uuid.uuid4().hex[:12]}"
        create(session, name, "channel")
        set_webhook(session, name, "https://channel.example/in")
        token = session.execute(select(ApiToken.id).filter_by(name=name)).scalar_one()
        chat = open_conversation(session, "api", f"token:{token}", "phone-1")
        begin_report(session, chat)
        add_message(session, chat, "human", "Somebody is on the way.", speaker="Ana Marin")
    got = tmp_path / "got"
    got.touch()
    assert nursery.run("deliver", str(got), point=point) == KILLED
    before = got.read_text().split()
    assert len(before) == (point != "delivery.taken")

    def take(request: httpx.Request) -> httpx.Response:
        before.append(request.headers["firstline-delivery"])
        return httpx.Response(200)

    later = now() + LEASE + timedelta(seconds=1)
    monkeypatch.setattr(delivery, "now", lambda: later)
    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as http:
        await deliver(http)
        await deliver(http)
    with reading() as session:
        [row] = session.execute(select(Delivery).filter_by(conversation_id=chat.id)).scalars()
        assert row.state == "sent" and session.get(Conversation, chat.id).sent_seq == 1
    # At least once, and always under the one id, by which the channel knows that it has it.
    assert set(before) == {row.id} and len(before) == (2 if point in ("delivery.sent", "delivery.before_commit") else 1)


@twice
@pytest.mark.parametrize("point", NOTICE)
async def test_killed_while_a_notice_leaves(
    nursery: Nursery, point: str, time: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    duty = f"duty-{uuid.uuid4().hex[:8]}@desk.example"
    with running(tmp_path) as server:
        for name, value in (("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", str(server.port)), ("SMTP_TLS", "none"),
                            ("SMTP_SENDER", "firstline@desk.example"), ("NOTICES_DUTY", duty)):
            monkeypatch.setenv(f"FIRSTLINE_{name}", value)
        settings.cache_clear()
        sample = make_case(writing, sent=True)
        assert nursery.run("send_notices", str(server.port), duty, point=point) == KILLED
        assert len(server.raw) == (point != "notice.taken")
        later = now() + LEASE + timedelta(seconds=1)
        monkeypatch.setattr(outbox, "now", lambda: later)
        async with httpx.AsyncClient() as http:
            await send_due(http)
            await send_due(http)
        with reading() as session:
            [row] = session.execute(select(Notice).filter_by(address=duty)).scalars()
            assert (row.state, row.report_id) == ("sent", sample.report)
        # At least once, always the same mail, by whose id the mailbox knows that it has it.
        assert len(server.raw) == (2 if point in ("notice.sent", "notice.before_commit") else 1)
        assert len(set(server.raw)) == 1 and row.id in server.messages()[0]["message-id"]
    monkeypatch.undo()
    settings.cache_clear()


@twice
@pytest.mark.parametrize("point", JOBS)
async def test_killed_in_a_round_of_the_jobs(nursery: Nursery, point: str, time: int) -> None:
    sample = make_case(writing)
    with writing() as session:
        session.get(Case, sample.case).alarm_at = now() - timedelta(seconds=1)
    assert nursery.run("jobs_round", point=point) == KILLED
    assert the_case(sample.case)[0].alarms == (point in AFTER)
    one_round()
    one_round()
    assert the_case(sample.case)[0].alarms == 1
    assert len(told_to(writing, sample.conversation)) == 1


@twice
@pytest.mark.parametrize("point", RETENTION)
def test_killed_while_a_transcript_is_erased(nursery: Nursery, point: str, time: int) -> None:
    sample, ana = claimed(sent=True)
    acts.do("close", sample.case, ana, {"reason": ["The child is safe."]})
    days = periods("default")["transcript"].days + 1
    messages = select(Message).filter_by(conversation_id=sample.conversation)
    key = select(DataKey.wrapped).filter_by(subject=transcript_of(sample.report))
    certificate = select(Erasure).filter_by(conversation_id=sample.conversation)
    assert nursery.run("retention_round", days, point=point) == KILLED
    stored = point in AFTER
    with reading() as session:
        # Rows, key, certificate and its entry in the trail go or stay together.
        assert (session.execute(messages).first() is None) == (session.execute(key).scalar_one() is None) == stored
        assert bool(session.execute(certificate).first()) == stored
    assert nursery.run("retention_round", days) == 0
    with reading() as session:
        assert session.execute(messages).first() is None and session.execute(key).scalar_one() is None
        [only] = certificates.in_words(session, session.execute(certificate).scalars().all())
        assert only.bound and only.counts["messages"] > 0 and len(only.keys) > 0
        assert session.get(Report, sample.report).data["persons"]


def everything() -> dict[str, Any]:
    """Read all that is sealed, as a process does that knows no key yet; the key file has the key of each data key."""
    keys.open_keys.clear()
    keys.check()
    with reading() as session:
        messages = {m.id: m.text for m in session.execute(select(Message)).scalars()}
        reports = session.execute(select(Report)).scalars().all()
        for report in reports:
            assert readable(report) and (not report.reference or by_reference(session, report.reference) is report)
        return {**messages, **{r.id: (r.data, r.reference) for r in reports}}


def in_the_file() -> list[str]:
    return list(key_file.read_keys(settings().key_file))


def under_the_newest() -> int:
    return rotation.status()[0][1]


@twice
@pytest.mark.parametrize("point", ROTATION)
def test_killed_while_the_keys_are_rotated(nursery: Nursery, point: str, time: int) -> None:
    for _ in range(FEW):
        make_case(writing, sent=True)
    before, file = everything(), in_the_file()
    all_keys = sum(count for _, count in rotation.status())
    assert all_keys > 2 * FEW
    # At its first and at its second transaction; the file is replaced but once.
    assert nursery.run("keys", "rotate", point=point if point in REPLACING else f"{point}:{time}") == KILLED
    assert everything() == before
    added = point != "keys.before_replace"
    assert in_the_file()[added:] == file and len(in_the_file()) == len(file) + added
    if added:
        whole = {"keys.before_commit": time - 1, "keys.committed": time}.get(point, 0)
        assert under_the_newest() == whole * FEW and trail(in_the_file()[0]) == []
    # The chats go on meanwhile, and seal with whichever key is the newest.
    make_case(writing, sent=True)
    later = everything()
    assert nursery.run("keys", "rotate") == 0
    assert everything() == later and in_the_file()[1:] == file, "it goes on with the key that was added"
    assert under_the_newest() == sum(count for _, count in rotation.status()) > all_keys
    assert trail(in_the_file()[0]) == ["keys.rotated"]
    assert list(settings().key_file.parent.glob(".*.new")) == []


@twice
@pytest.mark.parametrize("point", REPLACING)
def test_killed_while_keys_are_forgotten(nursery: Nursery, point: str, time: int) -> None:
    make_case(writing, sent=True)
    before = everything()
    assert nursery.run("keys", "rotate") == nursery.run("keys", "reindex") == 0
    newest, *earlier = in_the_file()
    assert earlier and nursery.run("keys", "forget", point=point) == KILLED
    assert everything() == before
    assert in_the_file() == [newest, *([] if point in AFTER else earlier)]
    assert nursery.run("keys", "forget") == 0
    assert everything() == before and in_the_file() == [newest]
    # Never gone without an entry: what was noted and then not done is noted again.
    assert {trail(key_id).count("keys.forgotten") for key_id in earlier} == {1 if point in AFTER else 2}
    assert list(settings().key_file.parent.glob(".*.new")) == []
