"""The administrator's page of invitations, and what the officer reads of a responder."""
from __future__ import annotations

import re
import uuid

import pytest

from bot.database import writing
from bot.desk import access
from bot.security import invitations, organisations
from tests.desk_world import STORY, Browser, Desk, make_case
from tests.invited import CALL_BACK, bind, device_of, invitation_of, is_bound

PAGES = ("invitations_page", "add_organisation", "switch_organisation", "add_invitation", "revoke_invitation",
         "revoke_device")


@pytest.fixture
def admin(desk: Desk) -> Browser:
    return desk.signed_in("admin", "Root")


def made_by(admin: Browser) -> tuple[str, str]:
    """Have the administrator make an organisation; give id and name."""
    name = f"PSP Porto {uuid.uuid4().hex[:8]}"
    assert admin.post("/desk/organisations/add", name=name, country="PT").status_code == 200
    with writing() as session:
        found = organisations.named(session, name)
        assert found is not None
        return str(found.id), name


def test_only_the_administrator_has_these_pages(desk: Desk) -> None:
    assert {name: access.RIGHTS[name] for name in PAGES} == {name: frozenset({"admin"}) for name in PAGES}
    for role in ("duty", "supervisor"):
        browser = desk.signed_in(role)
        assert browser.client.get("/desk/invitations").status_code == 403
        for path in ("organisations/add", "organisations/switch", "invitations/add", "invitations/revoke",
                     "devices/revoke"):
            assert browser.post(f"/desk/{path}").status_code == 403


def test_the_administrator_makes_a_link_that_is_shown_once(admin: Browser) -> None:
    organisation, name = made_by(admin)
    page = admin.post("/desk/invitations/add", organisation=organisation, role="police", call_back=CALL_BACK, uses="40",
                      days="7")
    link = re.search(r"<code>(http://127.0.0.1:\d+/join/([\w-]{43}))</code>", page.text)
    assert link and 'src="data:image/svg+xml' in page.text
    # The strict policy lets pictures be data:, and nothing else that a page brings along.
    assert "img-src 'self' data:" in page.headers["content-security-policy"]
    assert "<svg" not in page.text and " style=" not in page.text
    one = invitation_of(link[2])
    assert (one.uses, one.uses_left, one.role, one.made_by) == (40, 40, "police", admin.account.name)
    later = admin.client.get("/desk/invitations").text
    assert link[2] not in later and "40 of 40" in later and name in later


@pytest.mark.parametrize("wrong", [{"uses": "0"}, {"uses": "many"}, {"uses": "9" * 20}, {"days": "-1"},
                                   {"role": "boss"}, {"call_back": "112"}, {"organisation": "none"}])
def test_what_cannot_be_is_refused_and_stays_in_its_place(admin: Browser, wrong: dict[str, str]) -> None:
    organisation, _ = made_by(admin)
    given = {"organisation": organisation, "role": "police", "call_back": CALL_BACK, "uses": "2", "days": "7", **wrong}
    page = admin.post("/desk/invitations/add", **given)
    assert page.status_code == 422 and 'role="alert"' in page.text and "<code>" not in page.text
    assert f'value="{given["call_back"]}"' in page.text


def test_a_link_needs_the_form_of_this_session(admin: Browser) -> None:
    organisation, _ = made_by(admin)
    form = {"organisation": organisation, "role": "police", "call_back": CALL_BACK, "uses": "2", "days": "7"}
    for csrf in ("", "x" * 43):
        assert admin.client.post("/desk/invitations/add", data={**form, "csrf": csrf}).status_code == 403
    evil = {"origin": "https://evil.example"}
    form["csrf"] = admin.csrf
    assert admin.client.post("/desk/invitations/add", data=form, headers=evil).status_code == 403
    assert "2 of 2" not in admin.client.get("/desk/invitations").text.split(organisation)[1].split("<section")[0]


def test_link_phone_and_organisation_are_revoked(admin: Browser) -> None:
    organisation, _ = made_by(admin)
    with writing() as session:
        secret = invitations.invite(session, organisation, "health", CALL_BACK, "test", uses=5)
    owners = [f"web:{uuid.uuid4().hex}" for _ in range(3)]
    with writing() as session:
        assert all(invitations.accept(session, secret, owner) for owner in owners)
    one = invitation_of(secret).id
    assert admin.post("/desk/devices/revoke", id=device_of(owners[0]).id).status_code == 200
    assert [is_bound(owner) for owner in owners] == [False, True, True]
    assert admin.post("/desk/invitations/revoke", id=one).status_code == 200
    assert [is_bound(owner) for owner in owners] == [False, True, True]
    assert admin.post("/desk/organisations/switch", id=organisation, disabled="yes").status_code == 200
    assert not any(is_bound(owner) for owner in owners)
    assert admin.post("/desk/organisations/switch", id=organisation, disabled="no").status_code == 200
    assert [is_bound(owner) for owner in owners] == [False, True, True]
    assert admin.post("/desk/invitations/revoke", id=one, devices="yes").status_code == 200
    assert not any(is_bound(owner) for owner in owners)
    for path in ("devices/revoke", "invitations/revoke", "organisations/switch"):
        assert admin.post(f"/desk/{path}", id="none").status_code == 422


def test_these_pages_show_no_case(admin: Browser) -> None:
    conversation = uuid.uuid4().hex
    bind(f"web:{conversation}")
    sample = make_case(writing, sent=True, conversation=conversation)
    page = admin.client.get("/desk/invitations").text
    assert device_of(f"web:{conversation}").id[:8] in page
    for content in (STORY, "passport", sample.case, sample.conversation, sample.report, sample.reference, conversation):
        assert content and content not in page


def test_the_officer_reads_whether_the_responder_is_verified(desk: Desk) -> None:
    ana = desk.signed_in("duty")
    conversation = uuid.uuid4().hex
    sample = make_case(writing, sent=True, conversation=conversation)
    pages = (f"/desk/case/{sample.case}", f"/desk/case/{sample.case}/print?route=nfp")
    assert all("unverified, call back" in ana.client.get(path).text for path in pages)
    name = bind(f"web:{conversation}")
    assert all(f"verified: {name}, police" in ana.client.get(path).text for path in pages)
    with writing() as session:
        invitations.revoke_device(session, device_of(f"web:{conversation}").id, "test")
    assert all("unverified, call back" in ana.client.get(path).text for path in pages)
