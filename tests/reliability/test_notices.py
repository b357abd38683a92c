"""Notices to people outside: stored with the event, sent safely, and again; reference and priority alone."""
from __future__ import annotations

import asyncio
import hmac
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

import bot.notices.outbox as outbox
from bot.commands.notices import notices as commands
from bot.conversations.messages import add_message, open_conversation
from bot.conversations.tables import Delivery
from bot.database import now, reading, writing
from bot.jobs import daily
from bot.jobs.alarms import repeat_alarms
from bot.jobs.delivery import deliver
from bot.jobs.notices import send_due
from bot.notices.sending import webhook_key
from bot.notices.tables import Notice
from bot.notices.wording import KINDS, OF_A_CASE, PATH, read
from bot.protocol.loading import BrokenData
from bot.referrals import claims
from bot.referrals.erasure import erase
from bot.referrals.reports import begin_report, submit
from bot.referrals.tables import Case, Report
from bot.retries import LEASE, RETRIES
from bot.security import heads
from bot.security.chain import Checked, Fault, Head
from bot.security.tables import ApiToken
from bot.security.tokens import create
from bot.security.webhooks import set_webhook
from bot.settings import settings
from tests.desk_world import Sample, make_account, make_case
from tests.mail_server import PASSWORD, USER, MailServer, certificate, running
from tests.reliability.crashes import own_database

SENDER = "firstline@desk.example"


class World:
    """An installation that has a mail server and mailboxes of this test's own."""

    def __init__(self, server: MailServer, patch: pytest.MonkeyPatch) -> None:
        self.server, self._patch = server, patch
        self.duty, self.supervisors = (f"{part}-{uuid.uuid4().hex[:8]}@desk.example" for part in ("duty", "chief"))
        self.hook = f"https://pager.example/{uuid.uuid4().hex[:8]}"
        self.requests: list[httpx.Request] = []
        self.answers: list[int | Exception] = []
        self.use(FIRSTLINE_SMTP_HOST="127.0.0.1", FIRSTLINE_SMTP_PORT=str(server.port), FIRSTLINE_SMTP_TLS="none",
                 FIRSTLINE_SMTP_SENDER=SENDER, FIRSTLINE_NOTICES_DUTY=self.duty,
                 FIRSTLINE_NOTICES_SUPERVISORS=self.supervisors)

    def use(self, **values: str) -> None:
        for name, value in values.items():
            self._patch.setenv(name, value)
        settings.cache_clear()

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)

    async def round(self) -> int:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._take)) as http:
            return await send_due(http)

    async def all_rounds(self) -> None:
        while await self.round():
            pass

    def rows(self, **wanted: Any) -> list[Notice]:
        with reading() as session:
            query = select(Notice).filter_by(**wanted)
            mine = query.where(Notice.address.in_((self.duty, self.supervisors, self.hook)))
            return list(session.execute(mine.order_by(Notice.created_at)).scalars())

    def kinds(self, **wanted: Any) -> list[tuple[str, str]]:
        return [(row.kind, row.priority) for row in self.rows(**wanted)]

    def bodies(self) -> list[str]:
        return [message.get_content() for message in self.server.messages()]


@pytest.fixture(scope="module", autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tell of no case that other tests left waiting."""
    with own_database(tmp_path_factory.mktemp("notices")):
        yield


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with running(tmp_path) as started:
        yield started


@pytest.fixture
def world(database: None, server: MailServer) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        yield World(server, patch)
    settings.cache_clear()
    with writing() as session:
        # What this test left waiting is nobody else's.
        session.execute(update(Notice).where(Notice.state == "waiting").values(state="dropped"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the time of notices."""
    at = [now()]

    def move(by: timedelta) -> None:
        at[0] += by

    monkeypatch.setattr(outbox, "now", lambda: at[0])
    return move


# What is told, and to whom


def ring(sample: Sample) -> None:
    with writing() as session:
        session.get(Case, sample.case).alarm_at = now() - timedelta(seconds=1)
        session.flush()
        repeat_alarms(session)


def release(sample: Sample) -> None:
    officer, _ = make_account(writing, "duty", "Ana Marin")
    with writing() as session:
        claims.claim(session, sample.case, officer)
        claims.release(session, sample.case, officer)


async def test_each_event_is_told_to_the_duty_mailbox(world: World) -> None:
    calm = make_case(writing, reason="consult")
    assert world.kinds(report_id=calm.report) == [("wanted", "normal")]
    assert world.kinds(report_id=make_case(writing).report) == [("wanted", "urgent")]
    assert world.kinds(report_id=make_case(writing, danger=True).report) == [("wanted", "urgent")]
    missing = make_case(writing, values={"missing": "now"}, reason="missing")
    assert world.kinds(report_id=missing.report) == [("wanted", "urgent")]
    assert world.kinds(report_id=make_case(writing, sent=True).report) == [("referral", "normal")]
    danger = make_case(writing, sent=True, danger=True)
    assert world.kinds(report_id=danger.report) == [("referral", "urgent")]
    ring(danger)
    assert world.kinds(report_id=danger.report) == [("referral", "urgent"), ("rings", "urgent")]
    release(missing)
    assert world.kinds(report_id=missing.report) == [("wanted", "urgent"), ("rings", "urgent")]
    with writing() as session:
        submit(session, session.get(Report, calm.report), open_conversation(session, "web", "x", "y"), "x")
    assert world.kinds(report_id=calm.report) == [("wanted", "normal"), ("referral", "normal")]
    assert {row.address for row in world.rows()} == {world.duty}


async def test_a_message_that_failed_for_good_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing() as session:
        create(session, f"c-{uuid.uuid4().hex[:12]}", "channel")
        token = session.execute(select(ApiToken).order_by(ApiToken.created_at.desc()).limit(1)).scalar_one()
        set_webhook(session, token.name, "https://channel.example/in")
        chat = open_conversation(session, "api", f"token:{token.id}", "phone-1")
        report = begin_report(session, chat)
        add_message(session, chat, "human", "Somebody is on the way.", speaker="Ana Marin")
        session.execute(select(Delivery).filter_by(conversation_id=chat.id)).scalar_one().attempts = len(RETRIES)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500))) as http:
        while not world.rows(report_id=report.id):
            assert await deliver(http)
    assert world.kinds(report_id=report.id) == [("undelivered", "normal")]


async def test_the_day_and_a_broken_trail_are_told_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at = [now() + timedelta(days=1)]
    for module in (daily, outbox, heads):
        monkeypatch.setattr(module, "now", lambda: at[0])
    head = Head(41, "a" * 64)
    monkeypatch.setattr(heads, "last_of_day_before", lambda _: (at[0].date(), head))
    found = [Checked(head, None)]
    monkeypatch.setattr(heads, "last_check", lambda: heads.LastCheck(at[0], found[0]))
    for _ in range(3):
        daily.attend()
    assert [(row.kind, row.address) for row in world.rows()] == [("daily", world.supervisors)]
    found[0] = Checked(head, Fault(7, "altered"))
    for _ in range(3):
        daily.attend()
    told = [(row.kind, row.address) for row in world.rows()]
    assert sorted(told) == sorted([("daily", world.supervisors), ("chain", world.duty), ("chain", world.supervisors)])
    at[0] += timedelta(days=1)
    daily.attend()
    assert len(world.rows(kind="daily")) == 2
    at[0] += timedelta(days=3)
    monkeypatch.setattr(heads, "last_check", lambda: heads.LastCheck(at[0] - timedelta(days=2), Checked(head, None)))
    await world.all_rounds()
    daily.attend()
    assert len(world.rows(kind="chain", state="waiting")) == 2
    [body, *_] = [body for body in world.bodies() if "Audit trail" in body]
    assert "entry 41" in body and "a" * 64 in body and "contacts" in body


async def test_where_nothing_is_set_nothing_is_stored(database: None) -> None:
    def count() -> int:
        with reading() as session:
            return int(session.execute(select(func.count()).select_from(Notice)).scalar_one())

    before = count()
    sample = make_case(writing, sent=True, danger=True)
    ring(sample)
    daily.attend()
    assert count() == before
    asked = CliRunner().invoke(commands, ["test"])
    assert asked.exit_code == 1 and "FIRSTLINE_SMTP_HOST" in asked.output


async def test_a_notice_and_its_event_are_stored_together(world: World) -> None:
    with pytest.raises(RuntimeError), writing() as session:
        chat = open_conversation(session, "web", f"web:{uuid.uuid4()}", "chat")
        submit(session, begin_report(session, chat), chat, chat.owner)
        assert session.execute(select(Notice).filter_by(address=world.duty)).all()
        raise RuntimeError
    assert not world.rows()


async def test_the_same_is_not_said_twice_before_it_left(world: World) -> None:
    sample = make_case(writing)
    for _ in range(3):
        ring(sample)
    assert world.kinds(kind="rings") == [("rings", "urgent")]
    await world.all_rounds()
    ring(sample)
    assert len(world.rows(kind="rings")) == 2


# How it leaves


async def test_a_mail_says_reference_and_priority(world: World) -> None:
    sample = make_case(writing, sent=True, danger=True)
    await world.all_rounds()
    [mail], [row] = world.server.messages(), world.rows()
    assert (mail["from"], mail["to"], mail["subject"]) == (SENDER, world.duty, "Firstline: URGENT")
    assert f"Reference: {sample.reference}" in mail.get_content() and "Priority: URGENT" in mail.get_content()
    assert mail["message-id"] == f"<{row.id}@desk.example>"
    assert world.server.envelopes == [(SENDER, [world.duty])]
    assert world.server.greeted == ["desk.example"], "the machine's name is nobody's business"
    assert row.state == "sent"


async def test_an_erased_record_is_not_named(world: World) -> None:
    sample = make_case(writing, sent=True)
    with writing() as session:
        erase(session, session.get(Report, sample.report), "test", "asked for")
    await world.all_rounds()
    assert world.bodies() and sample.reference not in "".join(world.bodies())


async def test_the_webhook_gets_the_same_signed(world: World) -> None:
    world.use(FIRSTLINE_NOTICES_WEBHOOK=world.hook)
    sample = make_case(writing, sent=True)
    await world.all_rounds()
    [request] = world.requests
    [row] = world.rows(address=world.hook)
    assert json.loads(request.content) == {"notice": row.id, "kind": "referral", "reference": sample.reference,
                                           "priority": "normal"}
    assert str(request.url) == world.hook and request.headers["firstline-delivery"] == row.id
    key = CliRunner().invoke(commands, ["key"]).output.strip()
    assert key == webhook_key(world.hook) != webhook_key(world.hook + "2")
    signed = hmac.new(key.encode(), request.headers["firstline-time"].encode() + b"." + request.content, sha256)
    assert request.headers["firstline-signature"] == f"v1={signed.hexdigest()}"


async def test_it_is_tried_again_at_the_promised_times_and_then_the_desk_hears_of_it(
    world: World, clock: Callable[[timedelta], None]
) -> None:
    world.server.answers = ["451 later"] * 99
    make_case(writing)
    for wait in RETRIES:
        assert await world.round() == 1 and world.rows()[0].state == "waiting"
        clock(wait - timedelta(seconds=1))
        assert await world.round() == 0
        clock(timedelta(seconds=2))
    with reading() as session:
        assert not outbox.given_up(session)
    assert await world.round() == 1
    [row] = world.rows()
    assert (row.state, row.error, row.attempts) == ("failed", "message: SMTPDataError 451", len(RETRIES) + 1)
    with reading() as session:
        assert outbox.given_up(session)
    clock(timedelta(days=2))
    assert await world.round() == 0
    world.server.answers = []
    assert f"sent to {world.duty}" in await asyncio.to_thread(asked, world)
    with reading() as session:
        assert not outbox.given_up(session)


async def test_a_server_that_is_gone_gets_all_once_it_is_back(
    world: World, clock: Callable[[timedelta], None]
) -> None:
    world.server.stop()
    make_case(writing, sent=True)
    for wait in RETRIES[:6]:
        await world.round()
        clock(wait + timedelta(seconds=1))
    await world.round()
    assert {row.error for row in world.rows()} == {"connect: ConnectionRefusedError"} and not world.server.raw
    world.server.start()
    # The next event finds the server back; what waited for its hour goes with it.
    make_case(writing, reason="consult")
    await world.all_rounds()
    assert {row.state for row in world.rows()} == {"sent"} and len(world.server.raw) == 2


async def test_the_same_mail_leaves_again_where_a_sender_died(
    world: World, clock: Callable[[timedelta], None]
) -> None:
    make_case(writing, sent=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.jobs.notices.sent", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await world.round()
    assert await world.round() == 0
    clock(LEASE + timedelta(seconds=1))
    assert await world.round() == 1
    first, again = world.server.raw
    assert first == again and b"Message-ID" in first


async def test_who_is_no_longer_named_hears_nothing_any_more(world: World) -> None:
    make_case(writing)
    world.use(FIRSTLINE_NOTICES_DUTY="somebody-else@desk.example")
    await world.all_rounds()
    assert not world.server.raw and [row.state for row in world.rows()] == ["dropped"]


# TLS and the test of an operator


@pytest.fixture(params=["starttls", "tls"])
def safe(request: pytest.FixtureRequest, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same with a server that wants TLS, a user and a password."""
    context, public = certificate(tmp_path)
    world.server.stop()
    world.server.tls, world.server.implicit = context, request.param == "tls"
    world.server.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o400)
    world.use(FIRSTLINE_SMTP_TLS=request.param, FIRSTLINE_SMTP_USER=USER,
              FIRSTLINE_SMTP_PASSWORD_FILE=str(password))
    return world


def asked(world: World) -> str:
    """Run the operator's test; give what it says."""
    answer = CliRunner().invoke(commands, ["test"])
    assert answer.exit_code == (0 if "NOT" not in answer.output else 1)
    return answer.output


def test_it_signs_in_over_tls(safe: World) -> None:
    said = asked(safe)
    assert f"sent to {safe.duty}" in said and f"sent to {safe.supervisors}" in said
    assert len(safe.server.raw) == 2 and set(safe.server.signed_in) == {USER}


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password_leaves(
    safe: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    said = asked(safe)
    assert "no safe connection (SSLCertVerificationError)" in said and "FIRSTLINE_SMTP_TLS" in said
    assert not safe.server.raw and not safe.server.signed_in


async def test_a_password_that_others_may_read_goes_nowhere(safe: World, tmp_path: Path) -> None:
    (tmp_path / "password").chmod(0o440)
    make_case(writing)
    await safe.round()
    [row] = safe.rows()
    assert row.state == "waiting" and row.error.startswith("password: FIRSTLINE_SMTP_PASSWORD_FILE")
    assert not safe.server.raw and not safe.server.signed_in


def test_a_server_without_tls_gets_nothing(world: World) -> None:
    world.use(FIRSTLINE_SMTP_TLS="starttls")
    said = asked(world)
    assert "no safe connection (SMTPNotSupportedError)" in said and not world.server.raw


def test_the_test_says_what_failed(safe: World, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.chmod(0o440)
    assert f"chmod 400 {file}" in asked(safe)
    file.unlink()
    assert "cannot be read" in asked(safe)
    file.write_text("another\n")
    file.chmod(0o400)
    assert "refused user and password (SMTPAuthenticationError 535): FIRSTLINE_SMTP_USER" in asked(safe)
    file.chmod(0o600)
    file.write_text(PASSWORD)
    file.chmod(0o400)
    safe.server.strangers = [safe.duty]
    said = asked(safe)
    assert f"NOT sent to {safe.duty}: the server refused this recipient (SMTPRecipientsRefused 550)" in said
    assert f"sent to {safe.supervisors}" in said and "1 of 2" in said
    safe.server.stop()
    assert "cannot be reached (ConnectionRefusedError): FIRSTLINE_SMTP_HOST" in asked(safe)
    assert PASSWORD not in said


# Nothing but reference and priority

CANARIES = ("zephyrine", "quillwater", "tolvaddon", "03/2012", "17/03", "albania", "female", "girl", "duskfield",
            "900417", "bakery", "missing child", "danger")
STORY = ("Girl, her name is Zephyrine Quillwater, born 17/03/2012, from Albania, found at Tolvaddon Weir, works in a "
         "bakery. Duskfield Police, +44 7700 900417.")


async def test_no_canary_is_in_any_notice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.use(FIRSTLINE_NOTICES_WEBHOOK=world.hook)
    monkeypatch.setattr(daily, "_whole", lambda: False)
    people = [{"age": 14, "child": "yes", "sex": "female", "nationality": "AL"}]
    values = {"place": "Tolvaddon Weir", "country": "AL", "organisation": "Duskfield Police", "missing": "now"}
    sample = make_case(writing, sent=True, danger=True, people=people, values=values, text=STORY)
    with writing() as session:
        for kind in KINDS:
            outbox.announce(session, kind, "urgent", sample.report,
                            daily._figures(session, now(), Head(3, "b" * 64)) if kind == "daily" else None)
    await world.all_rounds()
    assert {kind for kind, _ in world.kinds(state="sent")} == set(KINDS)
    with reading() as session:
        assert "Zephyrine" in str(session.get(Report, sample.report).data)
        rows = str(session.execute(select(*Notice.__table__.columns)).all())
    left = [raw.decode() for raw in world.server.raw] + [
        f"{request.url} {dict(request.headers)} {request.content!r}" for request in world.requests]
    assert len(left) > len(KINDS) and sum(str(sample.reference) in one for one in left) >= 2 * len(OF_A_CASE)
    for text in (*left, rows):
        assert [canary for canary in CANARIES if canary in text.lower()] == []
    assert str(sample.reference) not in rows, "references are sealed"


@pytest.mark.parametrize(("old", "new"), [
    ("Reference: {reference}", "Place: {place}"),
    ("Reference: {reference}", "{reference.__class__}"),
    ("Reference: {reference}", "{reference"),
    ('"Firstline: {priority}"', '"Firstline: {reference}"'),
    ("signature: \"", "signature: \"{head}"),
])
def test_a_template_that_names_more_is_refused(tmp_path: Path, old: str, new: str) -> None:
    content = PATH.read_text("utf-8")
    assert read(PATH) and old in content
    (tmp_path / "notices.yml").write_text(content.replace(old, new, 1), "utf-8")
    with pytest.raises(BrokenData, match=r"notices.yml:\d+: may name"):
        read(tmp_path / "notices.yml")
