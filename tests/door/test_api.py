"""The REST API as docs/openapi.yml describes it: every documented answer and error, from the real web app and bot."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.conversations.messages import add_message, state_of
from bot.conversations.tables import Conversation, Message
from bot.database import reading, writing
from bot.door import api, bot_client, gateway
from bot.door.api import api_blueprint
from bot.security import audit, tokens
from bot.security.tables import AuditEntry
from tests.door.programs import SPEC, Client, check, new_token
from tests.planted import NAMED

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = f"Girl, 13, from Albania, works nights in a bakery and sleeps there. I am a nurse. {NAMED}"
NOT_MINE = ("a" * 65, "", 7, None, ["x"], "line\nbreak", "nul\x00", "\ud83d")


def _conversation(session: Session, name: str) -> Conversation:
    found: Conversation = session.query(Conversation).filter_by(**Conversation.name.lookup(session, name)).one()
    return found


def _rows(name: str, author: str | None = None) -> int:
    with reading() as session:
        found = session.query(Message).join(Conversation, Conversation.id == Message.conversation_id)
        found = found.filter(Conversation.name_hash == Conversation.name.lookup(session, name)["name_hash"])
        return int((found.filter(Message.author == author) if author else found).count())


async def test_every_route_is_described_and_every_description_has_a_route() -> None:
    described = {(method.upper(), path.split("{")[0]) for path, methods in SPEC["paths"].items() for method in methods}
    routes = {
        (method, f"/api/v1{route.uri.split('<')[0]}")
        for route in api_blueprint()._future_routes
        for method in route.methods
    }
    assert routes == described


async def test_status_of_every_refusal_is_described() -> None:
    described = set(SPEC["paths"]["/api/v1/messages"]["post"]["responses"])
    assert {str(status) for status in api.STATUS.values()} <= described
    assert set(api.STATUS) <= set(
        SPEC["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    )


async def test_a_first_message_is_answered(channel: Client, name: str) -> None:
    answer = await channel.told(name, STORY)
    assert answer["conversation"] == name
    assert answer["state"] in ("bot", "waiting")
    assert answer["reference"] is None
    assert {m["from"] for m in answer["messages"]} == {"bot"}
    assert any(m["quick_replies"] for m in answer["messages"])


async def test_a_repeated_id_gets_the_same_answer_and_no_second_turn(channel: Client, name: str) -> None:
    first = await channel.told(name, STORY, "m-1")
    rows = _rows(name)
    again = await channel.told(name, STORY, "m-1")
    assert again == first
    assert _rows(name) == rows


async def test_one_id_sent_five_times_at_once_is_one_turn(channel: Client, name: str) -> None:
    answers = await asyncio.gather(*(channel.told(name, STORY, "m-1") for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["messages"]
    assert _rows(name, "responder") == 1


async def test_the_same_id_in_another_conversation_is_another_message(channel: Client, name: str) -> None:
    await channel.told(name, STORY, "m-1")
    other = await channel.told(f"{name}2", "Boy, 9, begging alone at the market", "m-1")
    assert "Age: 9" in " ".join(m["text"] for m in other["messages"])


async def test_a_tap_is_stored_by_its_title(channel: Client, name: str) -> None:
    answer = await channel.told(name, STORY)
    reply = answer["messages"][-1]["quick_replies"][0]
    await channel.told(name, reply["payload"])
    with reading() as session:
        rows = session.query(Message).filter_by(conversation_id=_conversation(session, name).id)
        assert [row.text for row in rows if row.payload == reply["payload"]] == [reply["title"]]


async def test_later_messages_come_by_their_number(channel: Client, name: str) -> None:
    first = await channel.told(name, STORY)
    last = first["messages"][-1]["seq"]
    with writing() as session:
        conversation = _conversation(session, name)
        add_message(session, conversation, "human", "I read this now.", speaker="Ana Marin")
    later = check(await channel.get("/api/v1/messages", conversation=name, after=last), "/api/v1/messages")
    assert [(m["from"], m["speaker"], m["text"]) for m in later["messages"]] == [
        ("human", "Ana Marin", "I read this now.")
    ]
    all_told = check(await channel.get("/api/v1/messages", conversation=name), "/api/v1/messages")
    assert [m["seq"] for m in all_told["messages"]] == sorted(m["seq"] for m in all_told["messages"])
    # The sender's own words are not told back to it.
    assert STORY not in [m["text"] for m in all_told["messages"]]
    assert [m["text"] for m in all_told["messages"]][: len(first["messages"])] == [m["text"] for m in first["messages"]]


async def test_each_message_says_how_far_it_came(channel: Client, name: str) -> None:
    first = await channel.told(name, STORY)
    assert {m["state"] for m in first["messages"]} == {"sent"}
    with writing() as session:
        conversation = _conversation(session, name)
        written = add_message(session, conversation, "human", "I read this now.", speaker="Ana Marin")
        assert state_of(written, conversation) == "stored"
    last = first["messages"][-1]["seq"]
    later = check(await channel.get("/api/v1/messages", conversation=name, after=last), "/api/v1/messages")
    assert [m["state"] for m in later["messages"]] == ["sent"]
    # Who asks for what comes after a message has it; who asks for all again has lost nothing.
    asked = dict(conversation=name, after=later["messages"][-1]["seq"])
    assert check(await channel.get("/api/v1/messages", **asked), "/api/v1/messages")["messages"] == []
    again = check(await channel.get("/api/v1/messages", conversation=name), "/api/v1/messages")
    assert {m["state"] for m in again["messages"]} == {"delivered"}


async def test_nobody_has_what_was_never_written(channel: Client, name: str) -> None:
    await channel.told(name, STORY)
    await channel.get("/api/v1/messages", conversation=name, after=999_999)
    with writing() as session:
        conversation = _conversation(session, name)
        written = add_message(session, conversation, "human", "I read this now.", speaker="Ana Marin")
        assert state_of(written, conversation) == "stored"


async def test_who_knows_the_numbers_of_an_erased_conversation_still_gets_what_follows(
    channel: Client, name: str
) -> None:
    first = await channel.told(name, STORY)
    with writing() as session:
        conversation = _conversation(session, name)
        add_message(session, conversation, "human", "I read this now.", speaker="Ana Marin")
    later = check(await channel.get("/api/v1/messages", conversation=name, after=57), "/api/v1/messages")
    assert [m["text"] for m in later["messages"]] == [*(m["text"] for m in first["messages"]), "I read this now."]


async def test_a_conversation_belongs_to_its_token(channel: Client, name: str) -> None:
    await channel.told(name, STORY)
    other = Client(channel.http, new_token("channel"))
    answer = await other.get("/api/v1/messages", conversation=name)
    assert (answer.status_code, check(answer, "/api/v1/messages")["error"]["code"]) == (404, "not_found")
    # The same name under another token is another conversation, and says nothing of the first.
    text = " ".join(m["text"] for m in (await other.told(name, "Hello"))["messages"])
    assert "Albania" not in text and "13" not in text
    own = check(await channel.get("/api/v1/messages", conversation=name), "/api/v1/messages")
    assert "Albania" in " ".join(m["text"] for m in own["messages"])


async def test_without_a_good_token_nothing_opens(channel: Client, desk: Client, name: str) -> None:
    await channel.told(name, STORY)
    with writing() as session:
        revoked = tokens.create(session, f"t{uuid.uuid4().hex[:12]}", "channel")
        entry = tokens.verify(session, revoked, "channel")
        tokens.revoke(session, entry.name)
    bad_senders = [Client(channel.http, t) for t in (None, "fl_channel_guess", revoked)] + [desk]
    for client in bad_senders:
        answer = await client.say(name, "Hello")
        assert (answer.status_code, check(answer, "/api/v1/messages", "post")["error"]["code"]) == (401, "unauthorized")
        assert (await client.get("/api/v1/messages", conversation=name)).status_code == 401
    for client in [*bad_senders[:3], channel]:
        for path, described in (
            ("/api/v1/conversations/x", "/api/v1/conversations/{id}"),
            ("/api/v1/referrals/x", "/api/v1/referrals/{reference}"),
        ):
            answer = await client.get(path)
            assert answer.status_code == 401
            check(answer, described)
    assert _rows(name, "responder") == 1


async def test_basic_credentials_are_no_token(channel: Client, name: str) -> None:
    answer = await channel.http.post(
        "/api/v1/messages",
        json={"conversation": name, "message": "Hello"},
        headers={"authorization": "Basic dGVzdDp0ZXN0"},
    )
    assert answer.status_code == 401
    check(answer, "/api/v1/messages", "post")


async def test_ten_thousand_characters_are_taken_and_one_more_is_not(channel: Client, name: str) -> None:
    longest = (STORY + " She counted the lorries. ") * 200
    await channel.told(name, longest[: gateway.MAX_CHARACTERS].rstrip().ljust(gateway.MAX_CHARACTERS, "."))
    answer = await channel.say(name, "x" * (gateway.MAX_CHARACTERS + 1))
    assert answer.status_code == 413
    error = check(answer, "/api/v1/messages", "post")["error"]
    assert error["code"] == "too_long"
    assert "10,000" in error["text"]
    assert _rows(name, "responder") == 1


async def test_ten_thousand_emoji_are_taken(channel: Client, name: str) -> None:
    # The longest body that a message within the limit can make: each character an escaped pair.
    answer = await channel.say(name, "\U0001f622" * gateway.MAX_CHARACTERS)
    assert answer.status_code == 200, answer.text


async def test_a_body_beyond_every_limit_is_refused_in_the_same_form(channel: Client, name: str) -> None:
    answer = await channel.say(name, "x" * 300_000)
    assert (answer.status_code, check(answer, "/api/v1/messages", "post")["error"]["code"]) == (413, "too_long")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"Girl, 13", b"[1]", b'"text"', b"null", b"\xff\xfe\xfd", b"[" * 90_000],
    ids=["nothing", "half", "words", "list", "text", "null", "bytes", "deep"],
)
async def test_what_is_no_object_is_refused(channel: Client, content: bytes) -> None:
    answer = await channel.raw(content)
    assert (answer.status_code, check(answer, "/api/v1/messages", "post")["error"]["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        *({"conversation": wrong, "message": "Hello"} for wrong in NOT_MINE),
        *({"conversation": "c", "message": "Hello", "id": wrong} for wrong in NOT_MINE if wrong is not None),
        *({"conversation": "c", "message": wrong} for wrong in (7, None, ["x"], {"text": "x"}, True)),
        {"conversation": "c"},
        {"message": "Hello"},
        {},
        {"conversation": "c", "message": "Hello", "sender": "me"},
        {"conversation": "c", "text": "Hello"},
    ],
    ids=lambda body: ascii(body)[:60],
)
async def test_wrong_keys_types_and_lengths_are_refused(channel: Client, body: dict[str, Any]) -> None:
    answer = await channel.raw(json.dumps(body).encode())
    assert (answer.status_code, check(answer, "/api/v1/messages", "post")["error"]["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    "words", ["", "   \n", "\x00\x07", "\u200b\u200e", "///"], ids=["nothing", "blanks", "control", "marks", "slashes"]
)
async def test_an_empty_message_is_refused(channel: Client, name: str, words: str) -> None:
    answer = await channel.say(name, words)
    assert (answer.status_code, check(answer, "/api/v1/messages", "post")["error"]["code"]) == (422, "empty")
    assert _rows(name) == 0


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"conversation": ""},
        {"conversation": "a" * 65},
        {"conversation": "c", "after": "-1"},
        {"conversation": "c", "after": "soon"},
        {"conversation": "c", "after": "9" * 10},
    ],
    ids=str,
)
async def test_a_wrong_query_is_refused(channel: Client, query: dict[str, str]) -> None:
    answer = await channel.get("/api/v1/messages", **query)
    assert (answer.status_code, check(answer, "/api/v1/messages")["error"]["code"]) == (422, "invalid")


async def test_unknown_things_are_not_found(channel: Client, desk: Client) -> None:
    for client, path, described, query in (
        (channel, "/api/v1/messages", "/api/v1/messages", {"conversation": "never-begun"}),
        (desk, "/api/v1/conversations/never-begun", "/api/v1/conversations/{id}", {}),
        (desk, "/api/v1/referrals/7K2M-9QXA-3BTW-0D5H8", "/api/v1/referrals/{reference}", {}),
        (desk, "/api/v1/referrals/nonsense", "/api/v1/referrals/{reference}", {}),
    ):
        answer = await client.get(path, **query)
        assert (answer.status_code, check(answer, described)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1/conversations"),
    ],
)
async def test_an_address_that_is_none_answers_in_the_same_form(channel: Client, method: str, path: str) -> None:
    answer = await channel.http.request(method, path, headers=channel.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("path", "allowed"), [("/api/v1/messages", {"GET", "POST"}), ("/api/v1/referrals/x", {"GET"})])
@pytest.mark.parametrize("method", ["DELETE", "PUT", "TRACE"])
async def test_an_address_names_the_methods_that_it_takes(
    channel: Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = await channel.http.request(method, path, headers=channel.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "wrong_method")
    assert {one.strip() for one in answer.headers["allow"].split(",")} == allowed


async def test_too_many_messages_in_a_minute_are_refused_but_never_danger(
    channel: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PER_MINUTE", 2)
    first = await channel.told(name, STORY, "m-1")
    second = await channel.told(name, "She speaks some English", "m-2")
    answer = await channel.say(name, "She likes music", "m-3")
    assert answer.status_code == 429
    error = check(answer, "/api/v1/messages", "post")["error"]
    assert error["code"] == "too_many"
    assert gateway.numbers()["emergency"] in error["text"]
    assert _rows(name, "responder") == 2
    # What was taken before is answered again, danger and a wish for a person are always taken.
    assert (await channel.told(name, STORY, "m-1"))["messages"] == first["messages"]
    danger = await channel.told(name, "he is dragging her into a van right now, he has a knife", "m-4")
    assert gateway.numbers()["emergency"] in danger["messages"][0]["text"]
    assert (await channel.told(name, "I want to talk to a person", "m-5"))["state"] == "waiting"
    assert second["messages"]


async def test_a_tap_on_danger_is_never_refused(channel: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await channel.told(name, STORY)
    assert "#danger=yes" in [r["payload"] for m in answer["messages"] for r in m["quick_replies"]]
    monkeypatch.setattr(gateway, "PER_MINUTE", 1)
    assert (await channel.say(name, "She likes music")).status_code == 429
    assert (await channel.told(name, "#danger=yes"))["state"] == "waiting"


async def test_a_limit_holds_for_one_conversation_alone(
    channel: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PER_MINUTE", 1)
    await channel.told(name, STORY)
    assert (await channel.say(name, "And she coughs")).status_code == 429
    assert (await channel.say(f"{name}2", STORY)).status_code == 200


def _gone(*_: Any, **__: Any) -> None:
    raise OperationalError("statement", {}, Exception("gone"))


async def test_without_a_database_the_sender_reads_whom_to_call(
    channel: Client, desk: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_store", _gone)
    sent = await channel.say(name, STORY)
    monkeypatch.setattr(gateway, "reading", _gone)
    read = await channel.get("/api/v1/messages", conversation=name)
    monkeypatch.setattr(api, "writing", _gone)
    record = await desk.get("/api/v1/conversations/x")
    monkeypatch.setattr(api, "reading", _gone)
    token = await channel.say(name, STORY)
    for answer, path, method in (
        (sent, "/api/v1/messages", "post"),
        (read, "/api/v1/messages", "get"),
        (record, "/api/v1/conversations/{id}", "get"),
        (token, "/api/v1/messages", "post"),
    ):
        assert answer.status_code == 503
        error = check(answer, path, method)["error"]
        assert error["code"] == "unavailable"
        assert gateway.numbers()["duty_phone"] in error["text"]
        assert "OperationalError" not in error["text"] and "statement" not in error["text"]


async def test_an_error_that_nobody_foresaw_shows_no_trace(
    channel: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("her passport number")

    monkeypatch.setattr(gateway, "_store", broken)
    answer = await channel.say(name, STORY)
    assert answer.status_code == 503
    assert "passport number" not in json.dumps(check(answer, "/api/v1/messages", "post"))


async def test_while_the_bot_is_down_the_responder_is_told_once(
    channel: Client, name: str, assistant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: str) -> None:
        raise bot_client.BotUnavailable("ConnectError")

    monkeypatch.setattr(bot_client, "answer", down)
    first = await channel.told(name, STORY, "m-1")
    assert [m["from"] for m in first["messages"]] == ["system"]
    assert gateway.numbers()["duty_phone"] in first["messages"][0]["text"]
    assert (await channel.told(name, STORY, "m-1"))["messages"] == first["messages"]
    monkeypatch.setattr(bot_client, "answer", assistant.answer)
    back = await channel.told(name, "Are you there?")
    assert {m["from"] for m in back["messages"]} == {"bot"}
    later = check(
        await channel.get("/api/v1/messages", conversation=name, after=first["messages"][-1]["seq"]), "/api/v1/messages"
    )
    assert "Albania" in " ".join(m["text"] for m in later["messages"])


async def test_a_person_holds_the_chat_and_the_bot_keeps_silent(channel: Client, name: str) -> None:
    await channel.told(name, STORY)
    with writing() as session:
        _conversation(session, name).state = "human"
    answer = await channel.told(name, "She is calm now")
    assert (answer["messages"], answer["state"]) == ([], "human")


async def test_a_draft_is_read_by_the_desk(channel: Client, desk: Client, name: str) -> None:
    await channel.told(name, STORY)
    with reading() as session:
        own_id = _conversation(session, name).id
    described = "/api/v1/conversations/{id}"
    record = check(await desk.get(f"/api/v1/conversations/{name.replace('/', '%2F')}"), described)
    assert record == check(await desk.get(f"/api/v1/conversations/{own_id}"), described)
    assert (record["status"], record["reference"], record["conversation"]) == ("draft", None, name)
    [entry] = record["assessment"]
    assert (entry["child"], entry["age"], entry["gender"], entry["nationality"]) == ("yes", 13, "female", "AL")
    assert entry["expected_route"] == "nfp"
    assert record["assessment_summary"]["expected_route"] == "nfp"
    assert record["transcript"][0]["text"] == STORY
    assert {m["from"] for m in record["transcript"]} == {"responder", "bot"}


async def test_a_referral_is_read_by_its_reference_however_typed(channel: Client, desk: Client, name: str) -> None:
    await channel.told(name, STORY)
    await channel.told(name, "#danger=no")
    answer = await channel.told(name, "send now")
    for _ in range(25):
        if answer["reference"]:
            break
        taps = [r["payload"] for m in answer["messages"] for r in m["quick_replies"]]
        answer = await channel.told(name, "#send" if "#send" in taps else taps[-1] if taps else "unknown")
    reference = answer["reference"]
    assert reference
    described = "/api/v1/referrals/{reference}"
    record = check(await desk.get(f"/api/v1/referrals/{reference}"), described)
    assert (record["status"], record["reference"]) == ("referral", reference)
    assert record["sent_at"]
    assert [r["route"] for r in record["receipts"]] == ["nfp"]
    assert record["desk"]["kind"] == "referral"
    for typed in (reference.lower(), reference.replace("-", ""), reference.replace("-", "%20")):
        assert check(await desk.get(f"/api/v1/referrals/{typed}"), described)["reference"] == reference


async def test_each_reading_of_a_record_is_noted(channel: Client, desk: Client, name: str) -> None:
    await channel.told(name, STORY)
    with reading() as session:
        conversation = _conversation(session, name)
        before = session.query(AuditEntry).filter_by(subject=conversation.report_id, action="record.read").count()
    await desk.get(f"/api/v1/conversations/{conversation.id}")
    with reading() as session:
        notes = session.query(AuditEntry).filter_by(subject=conversation.report_id, action="record.read").all()
    assert len(notes) == before + 1
    assert notes[-1].actor.startswith("token ")
    assert audit.__doc__


async def test_the_country_of_the_token_s_organisation_is_here(channel: Client, desk: Client, name: str) -> None:
    with writing() as session:
        made = tokens.create(session, f"country-{uuid.uuid4().hex[:8]}", "channel", "PT")
    await Client(channel.http, made).told(name, "Boy of 15, Portuguese, sleeps in the garage, works for no pay")
    with reading() as session:
        conversation = _conversation(session, name)
    record = (await desk.get(f"/api/v1/conversations/{conversation.id}")).json()
    assert record["country"] == "PT" and record["persons"][0]["route"] == "nrm_child"
    with writing() as session, pytest.raises(tokens.BadToken, match="country"):
        tokens.create(session, "nowhere", "channel", "Portugal")
