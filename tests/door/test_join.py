"""An invitation's link in a browser, and that a conversation belongs to its device whatever a request says."""
from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sanic import Sanic
from sqlalchemy.exc import OperationalError

from bot.conversations.tables import Conversation, Message
from bot.database import reading, writing
from bot.door import bot_client, devices, gateway, join_pages
from bot.door.pages import texts
from bot.door.returning import keep
from bot.referrals.reports import record_of, store_content
from bot.referrals.tables import Report
from bot.security import invitations, tokens
from bot.serve import web_app
from tests.desk_world import Desk, served
from tests.invited import CALL_BACK, device_of, invitation_of, invited, is_bound
from tests.planted import NAMED

CODE = "kestrel 41"
STORY = f"Zebrafinch: girl about 14 at the ferry. {NAMED}"
"""Holds a word that stands nowhere else."""


@pytest.fixture(scope="module")
def site(database: None) -> Iterator[Desk]:
    """Serve the real web app; the bot process is away, which the way of a message does not need."""

    async def away(_: str) -> None:
        raise bot_client.BotUnavailable("ConnectError")

    Sanic.test_mode = True
    with pytest.MonkeyPatch.context() as patch, served(web_app()) as found:
        patch.setattr(bot_client, "answer", away)
        yield found


class Phone:
    """A responder's browser."""

    def __init__(self, site: Desk) -> None:
        self.http = httpx.Client(base_url=site.address, headers={"origin": site.address}, timeout=20, trust_env=False)

    @property
    def owner(self) -> str:
        """The owner that its conversations belong to."""
        return devices.owner_of(self.http.cookies[devices.COOKIE])

    def form(self, path: str) -> str:
        """Open a page and give the token of its form."""
        found = re.search(r'name="csrf" value="(\w+)"', self.http.get(path).text)
        assert found
        return found[1]

    def join(self, secret: str) -> httpx.Response:
        """Open an invitation's link and tap its button, where there is one."""
        page = self.http.get(f"/join/{secret}")
        found = re.search(r'name="csrf" value="(\w+)"', page.text)
        return self.http.post(f"/join/{secret}", data={"csrf": found[1]}) if found else page

    def say(self, words: str, **more: Any) -> httpx.Response:
        """Send a message as the page's script would."""
        return self.http.post("/chat/messages", json={"text": words, "id": uuid.uuid4().hex, **more})


@pytest.fixture
def phone(site: Desk) -> Phone:
    return Phone(site)


def words(page: httpx.Response) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text))


def test_the_page_says_what_the_link_does_and_the_button_does_it(phone: Phone) -> None:
    secret, name = invited()
    page = phone.http.get(f"/join/{secret}")
    assert page.status_code == 200
    assert f"This phone will count as police of {name}, with the call-back number {CALL_BACK}" in words(page)
    done = phone.join(secret)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert is_bound(phone.owner)
    assert f"This phone: {name}, police" in words(phone.http.get("/"))


def test_previews_and_scanners_use_nothing_up(site: Desk, phone: Phone) -> None:
    secret, _ = invited()
    for _ in range(3):
        scanner = Phone(site).http
        scanner.get(f"/join/{secret}")
        scanner.head(f"/join/{secret}")
    assert invitation_of(secret).uses_left == 1
    assert phone.join(secret).status_code == 303


def test_every_link_that_does_not_work_reads_the_same_and_the_chat_works(site: Desk) -> None:
    used, revoked, never = invited()[0], invited()[0], "a" * 43
    assert Phone(site).join(used).status_code == 303
    with writing() as session:
        invitations.revoke(session, invitation_of(revoked).id, "test")
    pages = [Phone(site).http.get(f"/join/{secret}") for secret in (used, revoked, never, "%2e%2e", "x" * 300)]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "You can write all the same" in words(pages[0])
    phone = Phone(site)
    phone.form("/")
    assert phone.say(STORY).status_code == 200 and not is_bound(phone.owner)


def test_a_link_that_was_used_meanwhile_says_so(site: Desk, phone: Phone) -> None:
    secret, _ = invited()
    token = phone.form(f"/join/{secret}")
    assert Phone(site).join(secret).status_code == 303
    late = phone.http.post(f"/join/{secret}", data={"csrf": token})
    assert late.status_code == 404 and not is_bound(phone.owner)


def test_only_our_own_page_on_this_device_binds(site: Desk, phone: Phone) -> None:
    secret, _ = invited()
    path = f"/join/{secret}"
    other = Phone(site).form(path)
    phone.form(path)
    for data in ({}, {"csrf": ""}, {"csrf": other}, {"csrf": "é"}):
        refused = phone.http.post(path, data=data)
        assert refused.status_code == 403 and texts()["join"]["expired"] in words(refused)
    stranger = httpx.post(f"{site.address}{path}", data={"csrf": other}, trust_env=False)
    assert stranger.status_code == 403
    assert invitation_of(secret).uses_left == 1 and not is_bound(phone.owner)


def test_the_address_with_the_secret_goes_nowhere(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret, _ = invited()
    page = phone.http.get(f"/join/{secret}")
    assert page.headers["referrer-policy"] == "no-referrer" and page.headers["cache-control"] == "no-store"

    def gone(*_: Any) -> None:
        raise OperationalError("statement", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(join_pages, "offered", gone)
        broken = phone.http.get(f"/join/{secret}")
    assert broken.status_code == 503 and secret not in broken.text
    assert "OperationalError" in caplog.text and secret not in caplog.text
    done = phone.join(secret)
    assert done.headers["referrer-policy"] == "no-referrer" and secret not in str(done.headers)


def test_joining_in_the_middle_of_a_chat_keeps_it_and_the_report_knows(phone: Phone) -> None:
    phone.form("/")
    phone.say("he has a knife, he is dragging her into a van right now")
    owner = phone.owner
    secret, name = invited()
    phone.join(secret)
    assert phone.owner == owner
    record = _record(owner)
    assert record["reporter_verified"] and record["desk"]["danger"]
    assert (record["values"]["organisation"]["value"], record["values"]["role"]["value"]) == (name, "police")


def test_an_answer_of_the_responder_outranks_the_invitation(phone: Phone) -> None:
    phone.form("/")
    phone.say("I want to talk to a person")
    with writing() as session:
        report = session.query(Conversation).filter_by(owner=phone.owner).one().report_id
        content = _content(session, report)
        content["values"]["call_back"] = {"value": "+351 91 000 0000", "status": "stated", "source": "answer",
                                          "words": ""}
        store_content(session, report, session.get(Report, report).version, content)
    phone.join(invited()[0])
    values = _record(phone.owner)["values"]
    assert (values["call_back"]["value"], values["role"]["value"]) == ("+351 91 000 0000", "police")


def _content(session: Any, report_id: str) -> dict[str, Any]:
    return json.loads(json.dumps(session.get(Report, report_id).data))


def _record(owner: str) -> dict[str, Any]:
    with reading() as session:
        conversation = session.query(Conversation).filter_by(owner=owner).one()
        return record_of(session, session.get(Report, conversation.report_id))


def test_a_bound_phone_stays_bound_when_it_opens_a_kept_case(site: Desk, phone: Phone) -> None:
    first = Phone(site)
    first.form("/")
    first.say(STORY)
    number, _ = keep(first.owner, CODE)
    phone.join(invited()[0])
    before = phone.owner
    opened = phone.http.post("/return", data={"csrf": phone.form("/return"), "number": number, "code": CODE})
    assert opened.status_code == 303 and phone.owner != before
    assert is_bound(phone.owner) and not is_bound(before) and not is_bound(first.owner)


def test_a_link_from_elsewhere_does_not_cost_the_chat(site: Desk, phone: Phone) -> None:
    phone.form("/")
    cookie = phone.http.get("/").headers["set-cookie"]
    # Browsers send it along when a link in a mail opens a page, and never with what another site posts.
    assert "SameSite=Lax" in cookie and "HttpOnly" in cookie


def test_the_limit_counts_on_one_device_whatever_it_calls_itself(
    site: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PER_MINUTE", 2)
    token = phone.form("/")
    assert [phone.say(f"She counts lorries {n}").status_code for n in range(2)] == [200, 200]
    for more in ({"conversation": "other"}, {"owner": "web:other"}, {"name": "other"}, {"channel": "api"}):
        assert phone.say("She counts buses", **more).status_code == 429
    for header in ("x-forwarded-for", "x-real-ip", "forwarded", "user-agent"):
        phone.http.headers[header] = f"for={uuid.uuid4()}"
        assert phone.say("She counts trams").status_code == 429
    assert phone.http.post("/chat/send", data={"csrf": token, "text": "She counts", "id": "n"}).status_code == 429
    # Forty officers of one station share an address: another phone is not held up.
    second = Phone(site)
    second.form("/")
    assert second.say(STORY).status_code == 200
    # Neither danger nor a wish for a person is ever counted.
    assert phone.say("he has a knife and drags her into a van").status_code == 200
    assert phone.say("I want to talk to a person").status_code == 200


def test_the_limit_follows_a_case_to_the_phone_that_opens_it(
    site: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PER_MINUTE", 2)
    phone.form("/")
    assert [phone.say(f"She counts lorries {n}").status_code for n in range(3)] == [200, 200, 429]
    number, _ = keep(phone.owner, CODE)
    phone.http.post("/return", data={"csrf": phone.form("/return"), "number": number, "code": CODE})
    assert phone.say("She counts buses").status_code == 429


_NAMES = ("owner", "conversation", "conversation_id", "sender", "sender_id", "device", "name", "channel", "report",
          "report_id", "reference", "csrf", "id", "after", "mark", "verified", "organisation", "role", "country")
_HEADERS = ("x-device", "x-sender", "x-conversation", "x-forwarded-for", "x-user", "last-event-id", "authorization")


@pytest.fixture(scope="module")
def victim(site: Desk) -> Phone:
    """A bound phone with a story in its chat."""
    phone = Phone(site)
    phone.join(invited()[0])
    phone.say(STORY)
    return phone


def _of(owner: str) -> tuple[str, int, str]:
    with reading() as session:
        found = session.query(Conversation).filter_by(owner=owner).one()
        count = session.query(Message).filter_by(conversation_id=found.id, author="responder").count()
        return str(found.id), int(count), str(found.report_id)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_field_of_a_request_opens_or_enters_the_chat_of_another_device(
    site: Desk, victim: Phone, data: st.DataObject
) -> None:
    conversation, count, report = _of(victim.owner)
    thing = st.sampled_from([victim.owner, victim.owner.removeprefix("web:"), conversation, report, "chat", "token:1",
                             device_of(victim.owner).id, f"{conversation}%00", "0", "yes"]) | st.text(max_size=30)
    fields = data.draw(st.dictionaries(st.sampled_from(_NAMES), thing | st.integers() | st.lists(thing, max_size=2)))
    headers = data.draw(st.dictionaries(st.sampled_from(_HEADERS), st.sampled_from([victim.owner, conversation, "0"])))
    thief = Phone(site)
    token = thief.form("/")
    typed = {key: value for key, value in fields.items() if isinstance(value, str)}
    query = {key: value for key, value in typed.items() if "\x00" not in value}
    answers = [
        thief.http.post("/chat/messages", headers=headers, content=json.dumps({"id": "a", **fields, "text": "Hello"}),
                        params=query),
        thief.http.post("/chat/messages", headers={**headers, "content-type": "application/json"}, params=query,
                        content=json.dumps({"id": uuid.uuid4().hex, **fields, "text": "Hello"})),
        thief.http.post("/chat/send", headers=headers, data={**typed, "csrf": token, "text": "Hello"}, params=query),
        thief.http.get("/chat/messages", headers=headers, params=query),
        thief.http.get("/", headers=headers, params=query),
        thief.http.post("/chat/keep", headers=headers, json={**fields, "code": CODE}),
    ]
    assert not any("Zebrafinch" in answer.text for answer in answers)
    assert _of(victim.owner) == (conversation, count, report)
    assert thief.owner != victim.owner and not is_bound(thief.owner) and is_bound(victim.owner)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_program_reaches_no_chat_of_a_device_by_any_name(site: Desk, victim: Phone, data: st.DataObject) -> None:
    conversation, count, report = _of(victim.owner)
    with writing() as session:
        token = tokens.create(session, f"t{uuid.uuid4().hex[:12]}", "channel")
    name = data.draw(st.sampled_from([victim.owner[:64], conversation, report, "chat", f"web:{conversation}"])
                     | st.text(min_size=1, max_size=40))
    more = data.draw(st.dictionaries(st.sampled_from(_NAMES[:1] + _NAMES[2:12]), st.just(victim.owner), max_size=2))
    with httpx.Client(base_url=site.address, headers={"authorization": f"Bearer {token}"}, trust_env=False) as program:
        said = program.post("/api/v1/messages", content=json.dumps({"conversation": name, "message": "Hello", **more}))
        read = program.get("/api/v1/messages", params={"conversation": name})
        record = program.get(f"/api/v1/conversations/{conversation}")
    assert "Zebrafinch" not in said.text + read.text and record.status_code == 401
    assert _of(victim.owner) == (conversation, count, report)
