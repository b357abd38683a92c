"""What case manager and data protection officer read at the desk, and what they do not."""
from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from bot.database import reading, writing
from bot.security import accounts
from bot.security.tables import AuditEntry, DeskSession
from tests.desk_world import Browser, Desk, appoint, make_account, make_case


@pytest.fixture
def ana(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Ana Marin")


@pytest.fixture
def dpo(desk: Desk) -> Browser:
    return desk.signed_in("dpo", "Dora Pop")


def test_the_data_protection_officer_reads_who_did_what_and_no_content(ana: Browser, dpo: Browser) -> None:
    sample = make_case(writing, sent=True)
    said = {"text": "Are you safe?", "own_id": "1"}
    for act, form in (("claim", {}), ("send", said), ("close", {"reason": "Safe."})):
        assert ana.act(sample.case, act, **form).status_code == 303
    spoken = (sample.reference or "").lower().replace("-", " ")
    for subject in (spoken, sample.case, sample.report, sample.conversation, f" {sample.case} "):
        page = dpo.post("/desk/audit", subject=subject)
        assert page.status_code == 200, subject
        for action in ("referral.sent", "case.claimed", "chat.message", "case.closed"):
            assert action in page.text, subject
        assert ana.account.name in page.text
        for content in ("passport", "Are you safe?", "Safe.", "Moldova", "Ana Marin"):
            assert content not in page.text
    with reading() as session:
        looks = select(AuditEntry.subject).filter_by(actor=dpo.account.name, action="audit.read")
        assert list(session.execute(looks).scalars()) == [sample.report] * 5
    assert "audit.read" in dpo.post("/desk/audit", subject=sample.case).text


def test_what_is_no_record_is_not_found_and_not_noted(dpo: Browser) -> None:
    for typed in ("", "<b>Xiomara</b>", "☎" * 500, str(uuid.uuid4())):
        page = dpo.post("/desk/audit", subject=typed)
        assert page.status_code == 404 and "<b>Xio" not in page.text
    with reading() as session:
        looks = select(AuditEntry.subject).filter_by(actor=dpo.account.name, action="audit.read")
        assert set(session.execute(looks).scalars()) == {None}


def test_the_data_protection_officer_sees_all_sessions_and_ends_only_their_own(ana: Browser, dpo: Browser) -> None:
    with reading() as session:
        keys = {row.account_id: row.token_hash for row in session.execute(select(DeskSession)).scalars()}
    theirs = keys[ana.account.id]
    page = dpo.client.get("/desk/sessions").text
    assert ana.account.name in page and theirs not in page
    assert dpo.post("/desk/sessions/end", session=theirs).status_code == 200
    assert ana.client.get("/desk").status_code == 200


def test_each_role_begins_at_its_own_page(desk: Desk) -> None:
    homes = {"admin": "/desk/accounts", "duty": "/desk", "supervisor": "/desk", "manager": "/desk",
             "dpo": "/desk/audit"}
    assert set(homes) == set(accounts.ROLES)
    for role, home in homes.items():
        browser = desk.signed_in(role, f"At home as {role}")
        assert browser.client.get("/desk/sign-in").headers["location"] == home
        assert f'class="brand" href="{home}"' in browser.client.get("/desk/sessions").text
        assert browser.client.get(home).status_code == 200


def test_the_case_manager_reads_the_record_and_neither_chats_nor_hears_the_bell(desk: Desk, ana: Browser) -> None:
    manager = desk.signed_in("manager", f"Ion Popa {uuid.uuid4().hex[:6]}")
    sample = make_case(writing, sent=True)
    named = {"manager": manager.account.display_name, "organisation": "Child agency"}
    for act, form in (("claim", {}), ("send", {"text": "Only for the responder", "own_id": "1"}),
                      ("decide", {"decision": "accept"}), ("manager", named), ("release", {})):
        assert ana.act(sample.case, act, **form).status_code == 303
    page = manager.client.get(f"/desk/case/{sample.case}").text
    assert "holds her passport" in page and "as its case manager" in page
    for absent in ("Only for the responder", f"/desk/case/{sample.case}/claim", "live.js", "chat.js", 'id="bell"'):
        assert absent not in page and absent not in manager.client.get("/desk").text, absent
    assert "holds her passport" in manager.client.get(f"/desk/case/{sample.case}/print?route=nfp").text
    appoint(writing, sample, "Somebody Else", "nfp")
    assert manager.client.get(f"/desk/case/{sample.case}").status_code == 404


def test_no_two_case_managers_have_the_same_name(database: None) -> None:
    display = f"Ion Popa {uuid.uuid4().hex[:6]}"
    first, _ = make_account(writing, "manager", display)
    with pytest.raises(accounts.BadAccount, match="already"):
        make_account(writing, "manager", f" {display}  ")
    officer, _ = make_account(writing, "duty", display)
    with writing() as session:
        with pytest.raises(accounts.BadAccount, match="already"):
            accounts.set_role(session, officer.name, "manager", "test")
        accounts.set_role(session, first.name, "manager", "test")
