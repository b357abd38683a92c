"""The desk over HTTP: rights, forms, headers, errors, and what each page shows."""
from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from bot.conversations.tables import Conversation
from bot.database import now, writing
from bot.desk import acts, pages
from bot.desk.rendering import texts
from bot.door import bot_client
from bot.protocol.catalogue import fields
from bot.protocol.indicators import indicators
from bot.protocol.report import put
from bot.referrals import cases, claims
from bot.referrals.tables import Amendment, Case, Receipt, Report
from bot.security import accounts, audit
from bot.security.tables import AuditEntry, DeskSession
from tests.desk_world import Browser, Desk, make_account, make_case, told_to
from tests.phone import first_sign_in, set_up_phone


@pytest.fixture
def ana(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Ana Marin")


@pytest.fixture
def jon(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Jon Berg")


@pytest.fixture(autouse=True)
def given_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Stands for the bot process; a test may make it fail."""
    given: list[str] = []

    async def give_back(conversation_id: str) -> None:
        given.append(conversation_id)

    monkeypatch.setattr(bot_client, "give_back", give_back)
    yield given


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_administrator_sees_no_case_and_the_officer_no_accounts(desk: Desk, ana: Browser) -> None:
    sample = make_case(writing)
    admin = desk.signed_in("admin")
    for path in ("/desk", f"/desk/case/{sample.case}", f"/desk/case/{sample.case}/print?route=nfp", "/desk/events"):
        answer = admin.client.get(path)
        assert answer.status_code == 403 and "passport" not in answer.text
    assert admin.act(sample.case, "claim").status_code == 403
    assert ana.client.get("/desk/accounts").status_code == 403


def test_a_form_needs_its_token_and_our_own_page(desk: Desk, ana: Browser) -> None:
    sample = make_case(writing)
    path = f"/desk/case/{sample.case}/claim"
    assert ana.client.post(path, data={}).status_code == 403
    assert ana.client.post(path, data={"csrf": "x" * 43}).status_code == 403
    for origin in ("https://evil.example", "null", ""):
        assert ana.client.post(path, data={"csrf": ana.csrf}, headers={"origin": origin}).status_code == 403
    assert desk.browser().post("/desk/sign-in", data={}, headers={"origin": "https://evil.example"}).status_code == 403
    with writing() as session:
        assert session.get(Case, sample.case).state == "open"
    assert ana.act(sample.case, "claim").status_code == 303


def test_the_cookie_is_guarded(desk: Desk) -> None:
    account, password = make_account(writing, "duty", "Ana")
    credentials = {"name": account.name, "password": password}
    enrols = desk.browser().post("/desk/sign-in", data=credentials)
    phone = set_up_phone(writing, account)
    signed_in = desk.browser().post("/desk/sign-in", data={**credentials, "code": phone.code()})
    assert cookies(enrols).keys() == {"firstline_enrolment"}
    assert cookies(signed_in).keys() == {"firstline_desk", "firstline_browser"}
    for cookie in (*cookies(enrols).values(), *cookies(signed_in).values()):
        assert "httponly" in cookie and "samesite=strict" in cookie and "path=/desk" in cookie
    # The session ends with the browser's; that it is known stays.
    assert "max-age" not in cookies(signed_in)["firstline_desk"]
    assert "max-age=7776000" in cookies(signed_in)["firstline_browser"]


def cookies(answer: httpx.Response) -> dict[str, str]:
    """Give each cookie that an answer sets, in small letters, by its name."""
    return {one.split("=")[0]: one.lower() for one in answer.headers.get_list("set-cookie")}


def test_sign_in_fails_alike(desk: Desk) -> None:
    fresh, _ = make_account(writing, "duty", "Ana")
    account, password = make_account(writing, "duty", "Ana")
    phone, browser, answers = set_up_phone(writing, account), desk.browser(), set()
    right = phone.code()
    attempts = [(account.name, password, code) for code in ("", "000000", "kofa-miru-tesa-bodi")]
    attempts += [(fresh.name, "wrong", "123456"), (account.name, "wrong", right)]
    attempts += [(name, pair, code) for name in ("no-such-name", "x" * 400, "", "\u202e☎") for pair, code in
                 (("wrong", ""), ("", right), ("y" * 5000, "☎" * 500))]
    for name, pair, code in attempts:
        answer = browser.post("/desk/sign-in", data={"name": name, "password": pair, "code": code})
        assert answer.status_code == 401 and "set-cookie" not in answer.headers
        # What was typed stands in the box again; everything else is the same, byte for byte.
        answers.add(answer.text.replace(f'value="{html.escape(name)}"', 'value=""'))
    assert len(answers) == 1


def test_signing_out_ends_the_session(ana: Browser) -> None:
    cookie = ana.client.cookies["firstline_desk"]
    assert ana.post("/desk/sign-out").status_code == 303
    assert ana.client.get("/desk", headers={"cookie": f"firstline_desk={cookie}"}).status_code == 303


def test_a_script_hears_that_the_session_is_over(desk: Desk) -> None:
    browser = desk.browser()
    assert browser.get("/desk", headers={"x-live": "1"}).status_code == 401
    assert browser.get("/desk/events", headers={"accept": "text/event-stream"}).status_code == 401


@pytest.mark.parametrize("path", ["/desk", "/desk/sign-in", "/desk/case/x", "/desk/accounts", "/desk/static/desk.css"])
def test_every_answer_is_protected(ana: Browser, path: str) -> None:
    headers = ana.client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")
    assert headers["referrer-policy"] == "same-origin"


def test_no_page_holds_inline_script_or_style(desk: Desk, ana: Browser) -> None:
    sample, admin = make_case(writing, sent=True), desk.signed_in("admin", "Root")
    ana.act(sample.case, "claim")
    for path in ("/desk", f"/desk/case/{sample.case}", f"/desk/case/{sample.case}/print?route=nfp", "/desk/case/none",
                 "/desk/sessions", "/desk/accounts"):
        page = (admin if path == "/desk/accounts" else ana).client.get(path).text
        assert not re.search(r"<style|style=|\son\w+=|javascript:", page), path
        assert all(' src="/' in tag for tag in re.findall(r"<script[^>]*>", page)), path


def row_of(page: str, case: str) -> str:
    return next((r for r in page.split("<tr")[1:] if case in r), "")


def test_the_queue_tells_contact_from_referral(ana: Browser) -> None:
    contact = make_case(writing, danger=True, values={"place": "bus station"})
    referral = make_case(writing, sent=True)
    page = ana.queue()
    one, two = row_of(page, contact.case), row_of(page, referral.case)
    assert 'class="contact open urgent rings"' in one and "◌" in one and "Contact" in one and "Danger" in one
    assert "girl, about 14" in one and "bus station" in one and "nobody" in one
    assert 'class="referral open rings"' in two and "■" in two and "Referral" in two and referral.reference in two
    assert page.index(contact.case) < page.index(referral.case), "danger first"


def test_the_queue_tells_danger_answered_no_from_danger_never_asked(ana: Browser) -> None:
    never, asked, unknown = (make_case(writing) for _ in range(3))
    taken_back = make_case(writing, danger=True)
    with writing() as session:
        for sample, answer in ((asked, "no"), (unknown, "unknown"), (taken_back, "no")):
            report = session.get(Report, sample.report)
            content = deepcopy(report.data)
            put(content, "danger", answer, source="answer")
            report.data = content
    page = ana.queue()
    assert "Danger" in row_of(page, taken_back.case) and "answered no since" in row_of(page, taken_back.case)
    assert "not asked yet" in row_of(page, never.case)
    assert "answered no" in row_of(page, asked.case)
    assert "asked, not known" in row_of(page, unknown.case)


def test_within_the_same_urgency_who_waits_longest_comes_first(ana: Browser) -> None:
    later, earlier = make_case(writing), make_case(writing)
    with writing() as session:
        for sample, hours in ((earlier, 3), (later, 2)):
            at = now().replace(microsecond=0) - timedelta(hours=hours)
            session.execute(update(Case).where(Case.id == sample.case).values(opened_at=at))
    page = ana.queue()
    assert page.index(earlier.case) < page.index(later.case)
    assert "3 h 00 min" in row_of(page, earlier.case) and "too long" in row_of(page, earlier.case)


def test_the_queue_is_filtered_by_route_owner_and_closed(ana: Browser, jon: Browser) -> None:
    child = make_case(writing, sent=True)
    adult = make_case(writing, sent=True, people=[{"age": 30, "child": "no", "sex": "female"}])
    assert child.case in ana.queue("nfp")
    assert adult.case not in ana.queue("nfp")
    assert adult.case in ana.queue("nrm_adult")
    ana.act(adult.case, "claim")
    assert adult.case in ana.queue("mine")
    assert adult.case not in jon.queue("mine")
    ana.act(adult.case, "close", reason="done")
    assert adult.case not in ana.queue()
    assert adult.case in ana.client.get("/desk?show=closed").text


def test_a_reference_that_is_read_out_opens_the_case(ana: Browser) -> None:
    sample = make_case(writing, sent=True)
    spoken = (sample.reference or "").lower().replace("-", " ")
    assert ana.post("/desk/find", typed=spoken).headers["location"] == f"/desk/case/{sample.case}"
    unknown = ana.post("/desk/find", typed="<b>ABCD</b>")
    assert unknown.status_code == 404 and "<b>ABCD" not in unknown.text


def test_the_case_shows_what_matters(ana: Browser) -> None:
    sample = make_case(writing, sent=True, danger=True, values={
        "place": "bus station", "tonight": "police station until 8", "fear": "fear", "call_back": "+44 20 7946 0555",
        "adults": "<script>alert(1)</script>",
    })
    with writing() as session:
        session.add(Amendment(id=str(uuid.uuid4()), report_id=sample.report, text="he is her uncle", author="unknown",
                              verified=False))
    page = ana.client.get(f"/desk/case/{sample.case}").text
    shown = words(page)
    top = words(page[page.index('id="top"'):page.index('class="columns"')])
    for one in ("Danger yes, now", "bus station", "police station until 8", "Moldova", "Settled home"):
        assert one in top, one
    assert 'href="tel:+442079460555"' in page and "<script>alert" not in page
    assert "holds her passport" in shown and "Somebody else keeps the papers" in shown
    assert "Rules that fired" in shown and "chapter 3" in shown
    assert "unverified" in shown and "he is her uncle" in shown
    assert sample.reference in shown and "Not yet handed over" in shown
    with writing() as session:
        looks = select(AuditEntry).filter_by(subject=sample.case, action="case.opened", actor=ana.account.name)
        ana.client.get(f"/desk/case/{sample.case}")
        assert len(session.execute(looks).all()) == 1


def test_every_field_of_the_catalogue_can_be_shown(ana: Browser) -> None:
    sample = make_case(writing)
    with writing() as session:
        report = session.get(Report, sample.report)
        content = deepcopy(report.data)
        for field in fields().values():
            one: Any = next(iter(field.values), {"age": 14, "country": "MD"}.get(field.kind, f"text of {field.id}"))
            put(content, field.id, [one] if field.kind == "list" else one, source="answer")
        report.data = content
    shown = words(ana.client.get(f"/desk/case/{sample.case}").text)
    for field in fields().values():
        assert field.label in shown, field.id
    assert {f.section for f in fields().values()} <= set(texts()["sections"])


def test_the_second_officer_sees_the_owner_and_no_chat_box(ana: Browser, jon: Browser) -> None:
    sample = make_case(writing)
    ana.act(sample.case, "claim")
    mine, theirs = (b.client.get(f"/desk/case/{sample.case}").text for b in (ana, jon))
    assert 'id="say"' in mine and "Hand the chat back" in mine
    assert 'id="say"' not in theirs and "has this case" in theirs and "Ana Marin" in theirs
    assert "Take over" not in theirs
    refused = jon.act(sample.case, "send", text="hello", own_id="1")
    assert refused.status_code == 409 and "Ana Marin has this chat" in refused.text


def test_a_supervisor_takes_over(desk: Desk, ana: Browser) -> None:
    sample = make_case(writing)
    ana.act(sample.case, "claim")
    chief = desk.signed_in("supervisor", "Eva Lund")
    assert "Take over" in chief.client.get(f"/desk/case/{sample.case}").text
    assert ana.act(sample.case, "take_over").status_code == 403
    assert chief.act(sample.case, "take_over").status_code == 303
    assert 'id="say"' in chief.client.get(f"/desk/case/{sample.case}").text


def test_from_claim_to_close(ana: Browser, given_back: list[str]) -> None:
    sample = make_case(writing)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("acknowledge", {}), ("claim", {}), ("send", {"text": "Are you safe?", "own_id": "m1"}),
        ("answers", {"version": "1", "report.tonight": "hospital", "person.p1.age": "15",
                     "report.needs": ["medical", "legal"], "open_answers": ["unknown", "not_yet"]}),
        ("make_referral", {}), ("decide", {"decision": "accept", "reason": "", "where": ""}),
        ("manager", {"manager": "Ion Popa", "organisation": "Agency"}), ("hand_back", {}), ("claim", {}),
        ("release", {}), ("claim", {}), ("close", {"reason": "The child is safe."}),
    ]
    for act, form in steps:
        answer = ana.act(sample.case, act, **form)
        assert answer.status_code == 303, (act, words(answer.text))
        page = ana.client.get(answer.headers["location"])
        assert texts()["done"][act] in page.text
    assert {act for act, _ in steps} | {"take_over", "confirm", "reveal", "hold", "lift"} == set(acts.ACTS)
    assert given_back == [sample.conversation] * 2
    told = told_to(writing, sample.conversation)
    assert len(told) == len(steps) and "Are you safe?" in told
    with writing() as session:
        trail = [e.action for e in audit.trail(session, [sample.case]) if e.actor == ana.account.name]
    assert [action for action in trail if action != "case.opened"] == [
        "case.acknowledged", "case.claimed", "chat.message", "case.answers", "case.made_referral", "case.accept",
        "case.manager", "chat.handed_back", "chat.taken", "case.released", "case.claimed", "case.closed",
    ]


@pytest.mark.parametrize("act", acts.ACTS)
def test_acts_on_unknown_cases_are_not_found(ana: Browser, desk: Desk, act: str) -> None:
    who = desk.signed_in("supervisor") if act in ("take_over", "hold", "lift") else ana
    answer = who.act("no-such-case", act, text="kept text", own_id="1")
    assert answer.status_code == 404
    assert ana.client.get("/desk/case/no-such-case").status_code == 404
    assert ana.client.get("/desk/case/no-such-case/print?route=nfp").status_code == 404


def test_a_refused_form_loses_nothing(ana: Browser) -> None:
    sample = make_case(writing, sent=True)
    ana.act(sample.case, "claim")
    answer = ana.act(sample.case, "decide", decision="not_competent", reason="An adult, it seems", where=" ")
    assert answer.status_code == 422
    assert "An adult, it seems" in answer.text and "where it went" in answer.text
    answer = ana.act(sample.case, "answers", version="1", **{"report.tonight": "hospital", "person.p1.age": "140"})
    assert answer.status_code == 422 and 'value="hospital"' in answer.text and "&#34;Age&#34;" in answer.text
    answer = ana.act(sample.case, "answers", version="0", **{"report.tonight": "hospital"})
    assert answer.status_code == 409 and 'value="hospital"' in answer.text


def test_a_message_that_comes_too_late_is_kept_in_the_box(ana: Browser) -> None:
    sample = make_case(writing)
    ana.act(sample.case, "claim")
    ana.act(sample.case, "hand_back")
    said = ana.client.post(f"/desk/case/{sample.case}/send", headers={"accept": "application/json"},
                           data={"csrf": ana.csrf, "text": "Wait", "own_id": "9"})
    assert said.status_code == 409 and said.json()["error"]["code"] == "ChatWithBot"


def test_handing_back_stands_when_the_bot_process_is_down(ana: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(conversation_id: str) -> None:
        raise bot_client.BotUnavailable("down")

    monkeypatch.setattr(bot_client, "give_back", down)
    sample = make_case(writing)
    ana.act(sample.case, "claim")
    page = ana.client.get(ana.act(sample.case, "hand_back").headers["location"])
    assert texts()["problems"]["bot_away"] in page.text
    with writing() as session:
        assert session.get(Conversation, sample.conversation).state == "bot"


def test_a_database_that_is_away_is_said_and_the_text_kept(ana: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = make_case(writing)
    ana.act(sample.case, "claim")

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("select", {}, Exception("locked"))

    monkeypatch.setitem(acts.ACTS, "send", away)
    answer = ana.act(sample.case, "send", text="Stay where you are", own_id="1")
    assert answer.status_code == 503 and "Stay where you are" in answer.text
    assert "Traceback" not in answer.text and "locked" not in answer.text
    monkeypatch.setattr(pages, "queue", away)
    answer = ana.client.get("/desk")
    assert answer.status_code == 503 and "nothing was lost" in answer.text


def test_no_log_names_the_case_that_somebody_looked_at(
    ana: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise OperationalError("select", {}, Exception("locked"))

    monkeypatch.setattr(audit, "look", broken)
    sample = make_case(writing)
    assert ana.client.get(f"/desk/case/{sample.case}").status_code == 503
    [line] = [record.getMessage() for record in caplog.records if record.name == "bot.desk.pages"]
    assert "OperationalError" in line and sample.case not in line


def test_an_unexpected_error_is_kind(ana: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret of the inside")

    monkeypatch.setattr(pages, "queue", broken)
    answer = ana.client.get("/desk")
    assert answer.status_code == 500 and "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_receiver_elsewhere_is_called_and_confirmed(ana: Browser) -> None:
    sample = make_case(writing, sent=True)
    with writing() as session:
        session.execute(update(Receipt).where(Receipt.report_id == sample.report).values(on_this_desk=False))
    ana.act(sample.case, "claim")
    page = ana.client.get(f"/desk/case/{sample.case}").text
    assert "Not yet handed over" in page and 'href="tel:+442079460100"' in page
    assert ana.act(sample.case, "confirm", route="nfp", by="Ms Ray").status_code == 303
    assert "received: Ms Ray" in ana.client.get(f"/desk/case/{sample.case}").text


def test_paper_tells_no_receiver_what_another_s_person_fears(ana: Browser) -> None:
    sample = make_case(writing, sent=True, people=[
        {"age": 14, "child": "yes", "nationality": "MD", "feared": ["MD"]},
        {"age": 9, "child": "yes", "residence": "here"},
    ], values={"fear": "fear"})
    nrm, nfp = (words(ana.client.get(f"/desk/case/{sample.case}/print?route={r}").text) for r in ("nrm_child", "nfp"))
    assert "Moldova" in nfp
    assert "Moldova" not in nrm and "afraid to go back" not in nrm


def test_a_claimed_case_with_nothing_new_does_not_look_as_if_it_rang(ana: Browser) -> None:
    sample = make_case(writing, danger=True)
    ana.act(sample.case, "claim")
    row = row_of(ana.queue(), sample.case).split("</tr>")[0]
    assert "new message" not in row and " rings" not in row


def test_each_receiver_gets_its_own_persons_on_paper(ana: Browser) -> None:
    sample = make_case(writing, sent=True, text="the woman of 63 speaks for the girl", people=[
        {"age": 14, "child": "yes", "sex": "female", "nationality": "MD"},
        {"age": 63, "child": "no", "sex": "female", "language": "Romanian"},
    ])
    nfp, adult = (words(ana.client.get(f"/desk/case/{sample.case}/print?route={r}").text) for r in ("nfp", "nrm_adult"))
    # The reference is drawn, and may hold any two digits; of a time no part is 63.
    nfp, adult = (paper.replace(str(sample.reference), "") for paper in (nfp, adult))
    assert "girl, about 14" in nfp and "woman" not in nfp and "63" not in nfp
    assert "woman, about 63" in adult and "girl" not in adult and "Romanian" in adult
    assert "own words are left out" in nfp
    sign = indicators()["documents.held_by_other"].label
    assert sign not in nfp and sign not in adult, "signs are told of everybody together"
    assert ana.client.get(f"/desk/case/{sample.case}/print?route=consult").status_code == 404
    with writing() as session:
        printed = select(AuditEntry).filter_by(subject=sample.case, action="case.printed")
        assert session.execute(printed).first()
    alone = make_case(writing)
    assert "holds her passport" in ana.client.get(f"/desk/case/{alone.case}/print?route=nfp").text


def test_accounts_are_made_renewed_and_disabled(desk: Desk) -> None:
    admin, name = desk.signed_in("admin", "Root"), f"n{uuid.uuid4().hex[:8]}"
    made = admin.post("/desk/accounts/add", name=name, role="duty", display="New Officer")
    password = re.search(r"<code>([a-z-]+)</code>", made.text)
    assert password and password.group(1) not in admin.client.get("/desk/accounts").text
    again = admin.post("/desk/accounts/add", name=name, role="duty", display="New Officer")
    assert again.status_code == 422 and "exists already" in again.text
    renewed = re.search(r"<code>([a-z-]+)</code>", admin.post("/desk/accounts/password", name=name).text)
    browser = desk.browser()
    credentials = {"name": name, "password": renewed.group(1) if renewed else ""}
    assert browser.post("/desk/sign-in", data={**credentials, "password": password.group(1)}).status_code == 401
    phone, _ = first_sign_in(browser, **credentials)
    assert browser.get("/desk").status_code == 200
    sample = make_case(writing)
    with writing() as session:
        claims.claim(session, sample.case, accounts.named(session, name))
    assert admin.post("/desk/accounts/switch", name=name, disabled="yes").status_code == 200
    with writing() as session:
        assert session.get(Case, sample.case).state == "open", "nobody could have worked on it"
    assert browser.get("/desk").status_code == 303
    assert browser.post("/desk/sign-in", data={**credentials, "code": phone.code()}).status_code == 401
    assert admin.post("/desk/accounts/password", name="nobody-here").status_code == 422


def test_the_administrator_lets_a_phone_be_set_up_anew(desk: Desk, ana: Browser, jon: Browser) -> None:
    admin, sample = desk.signed_in("admin", "Root"), make_case(writing)
    ana.act(sample.case, "claim")
    assert jon.post("/desk/accounts/second-factor", name=ana.account.name).status_code == 403
    answer = admin.post("/desk/accounts/second-factor", name=ana.account.name)
    assert answer.status_code == 200 and f"{ana.account.name} sets up a phone" in answer.text
    assert ana.client.get("/desk").status_code == 303 and jon.client.get("/desk").status_code == 200
    with writing() as session:
        assert session.get(Case, sample.case).state == "open", "nobody signed out holds a case"
    first_sign_in(desk.browser(), ana.account.name, ana.password)
    assert admin.post("/desk/accounts/second-factor", name="nobody-here").status_code == 422


def test_another_role_holds_at_once(desk: Desk, ana: Browser) -> None:
    admin, sample = desk.signed_in("admin", "Root"), make_case(writing)
    ana.act(sample.case, "claim")
    assert admin.post("/desk/accounts/role", name=ana.account.name, role="boss").status_code == 422
    assert ana.client.get("/desk").status_code == 200
    assert admin.post("/desk/accounts/role", name=ana.account.name, role="admin").status_code == 200
    assert ana.client.get("/desk").status_code == 303
    with writing() as session:
        assert session.get(Case, sample.case).state == "open"
        assert accounts.named(session, ana.account.name).role == "admin"


def test_open_sessions_are_shown_and_ended(desk: Desk, ana: Browser, jon: Browser) -> None:
    admin, sample, second = desk.signed_in("admin", "Root"), make_case(writing), desk.browser()
    ana.act(sample.case, "claim")
    data = {"name": ana.account.name, "password": ana.password, "code": ana.phone.code()}
    assert second.post("/desk/sign-in", data=data).status_code == 303

    def buttons(browser: Browser, of: str) -> list[str]:
        rows = browser.client.get("/desk/sessions").text.split("<tr>")
        return [re.search(r'name="session" value="(\w+)"', row)[1] for row in rows if of in row and "End<" in row]

    assert "recovery codes" in ana.client.get("/desk/sessions").text
    assert buttons(jon, ana.account.name) == [], "an officer sees the own ones"
    (other,) = buttons(ana, ana.account.name)
    assert len(buttons(admin, ana.account.name)) == 2
    assert "had ended already" in jon.post("/desk/sessions/end", session=other).text
    assert second.get("/desk").status_code == 200
    assert f"session of {ana.account.name} has ended" in ana.post("/desk/sessions/end", session=other).text
    assert second.get("/desk").status_code == 303
    with writing() as session:
        assert session.get(Case, sample.case).state == "claimed", "the officer is still here"
    (last,) = buttons(admin, ana.account.name)
    admin.post("/desk/sessions/end", session=last)
    assert ana.client.get("/desk").status_code == 303
    with writing() as session:
        assert session.get(Case, sample.case).state == "open"
        ended = select(AuditEntry.actor).filter_by(action="session.ended", subject=ana.account.name)
        assert session.execute(ended).scalars().all() == [ana.account.name, admin.account.name]


def test_the_live_line_tells_of_a_new_case_and_keeps_the_officer_present(ana: Browser) -> None:
    old = now().replace(year=2020)
    with ana.client.stream("GET", "/desk/events", headers={"accept": "text/event-stream"}) as line:
        assert line.headers["content-type"].startswith("text/event-stream")
        events = (text for text in line.iter_lines() if text.startswith("event:"))
        assert next(events) == "event: beat"
        began = now()
        with writing() as session:
            session.execute(update(DeskSession).where(DeskSession.account_id == ana.account.id)
                            .values(last_seen_at=now() - timedelta(seconds=60)))
        make_case(writing)
        assert next(events) == "event: changed"
        assert (now() - began).total_seconds() < 2
    with writing() as session:
        seen = session.execute(select(DeskSession.last_seen_at).filter_by(account_id=ana.account.id)).scalar_one()
    assert (now() - seen).total_seconds() < 10 and seen > old


def test_the_live_line_ends_with_the_session(ana: Browser) -> None:
    with ana.client.stream("GET", "/desk/events", headers={"accept": "text/event-stream"}) as line:
        events = (text for text in line.iter_lines() if text.startswith("event:"))
        next(events)
        ana.post("/desk/sign-out")
        assert "event: out" in list(events)


def test_every_refusal_has_its_sentence() -> None:
    def every(kind: type[cases.CaseError]) -> set[str]:
        return {kind.__name__}.union(*(every(k) for k in kind.__subclasses__()))

    assert every(cases.CaseError) - {"CaseError"} <= set(texts()["problems"])
    assert set(acts.ACTS) <= set(texts()["done"])
    for name in ("text", "reason", "where", "manager", "organisation", "by", "decision", "answers", "place"):
        assert "{" not in acts.problem(cases.NotSaid(name))
