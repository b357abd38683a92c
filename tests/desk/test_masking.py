"""Names, phones and addresses are hidden at the desk until somebody gives a reason, and are never said in a chat."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.database import now, reading, writing
from bot.desk import masking
from bot.desk.rendering import texts
from bot.protocol.catalogue import fields
from bot.protocol.wording import lines
from bot.referrals.tables import Case, Report
from bot.security.tables import AuditEntry
from tests import planted
from tests.desk_world import Browser, Desk, Sample, make_case, told_to

HELD = {"person.p1.name": f"{planted.CHILD} the younger", "person.p1.born": planted.BORN_AS_STORED,
        "person.p1.phone": "+351 912 345 678", "person.p1.stay": f"{planted.PLACE} 4",
        "report.adult_name": "Tamsin Brackwater", "report.adult_identity": "passport of Corvale",
        "report.adult_phone": "+351 913 345 678"}


@pytest.fixture
def ana(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Ana Marin")


@pytest.fixture
def jon(desk: Desk) -> Browser:
    return desk.signed_in("duty", "Jon Berg")


@pytest.fixture
def sample(ana: Browser) -> Sample:
    """A case of Ana's with everything in it that is hidden."""
    made = make_case(writing, sent=True)
    ana.act(made.case, "claim")
    assert ana.act(made.case, "answers", version="1", **HELD).status_code == 303
    return made


def shown(browser: Browser, case: str, page: str = "") -> list[str]:
    """Give which of the hidden values a page shows."""
    answer = browser.client.get(f"/desk/case/{case}{page}")
    assert answer.status_code == 200
    return [told for told in HELD.values() if told in answer.text]


def test_every_private_field_is_tried() -> None:
    assert {name.rpartition(".")[2] for name in HELD} == {key for key, field in fields().items() if field.private}


def test_whoever_has_the_case_sees_them_and_nobody_else(ana: Browser, jon: Browser, desk: Desk, sample: Sample) -> None:
    chief = desk.signed_in("supervisor", "Eva Lund")
    for page in ("", "/print?route=nfp"):
        assert shown(ana, sample.case, page) == list(HELD.values())
        assert shown(jon, sample.case, page) == shown(chief, sample.case, page) == []
    assert "Names, phones and addresses are hidden" in jon.client.get(f"/desk/case/{sample.case}").text
    ana.act(sample.case, "release")
    assert shown(ana, sample.case) == []
    assert chief.act(sample.case, "claim").status_code == 303
    assert shown(chief, sample.case) == list(HELD.values())


@pytest.mark.parametrize("reason", list(texts()["reveal"]))
def test_a_reason_shows_them_to_whoever_gave_it_and_is_noted(ana: Browser, jon: Browser, sample: Sample,
                                                             reason: str) -> None:
    assert jon.act(sample.case, "reveal", why=reason).status_code == 303
    assert shown(jon, sample.case) == shown(jon, sample.case, "/print?route=nfp") == list(HELD.values())
    with reading() as session:
        query = select(AuditEntry.action, AuditEntry.subject).filter_by(actor=jon.account.name)
        assert (f"names.{reason}", sample.case) in [tuple(row) for row in session.execute(query)]


@pytest.mark.parametrize("reason", ["", "because", "Zorvina"])
def test_no_reason_shows_nothing_and_notes_nothing(jon: Browser, sample: Sample, reason: str) -> None:
    assert jon.act(sample.case, "reveal", why=reason).status_code == 422
    assert shown(jon, sample.case) == []
    with reading() as session:
        assert not [action for action in session.execute(
            select(AuditEntry.action).filter_by(actor=jon.account.name)).scalars() if action.startswith("names.")]


def test_a_reason_holds_for_one_case_one_officer_and_ten_minutes(desk: Desk, jon: Browser, sample: Sample,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    another = make_case(writing, sent=True)
    jon.act(another.case, "reveal", why="caller")
    assert shown(jon, sample.case) == []
    jon.act(sample.case, "reveal", why="caller")
    assert shown(jon, sample.case) and shown(desk.signed_in("duty", "Lea Holm"), sample.case) == []
    monkeypatch.setattr(masking, "now", lambda: now() + timedelta(minutes=11))
    assert shown(jon, sample.case) == []


def test_the_case_manager_whom_it_names_sees_them(desk: Desk, ana: Browser, sample: Sample) -> None:
    manager = desk.signed_in("manager", "Mira Halden of Norvik")
    ana.act(sample.case, "decide", decision="accept", reason="", where="")
    ana.act(sample.case, "manager", manager=manager.account.display_name, organisation="Care")
    assert shown(manager, sample.case) == list(HELD.values())
    assert manager.act(sample.case, "reveal", why="caller").status_code == 403


def test_none_of_them_is_said_in_the_chat_or_played_back(ana: Browser, sample: Sample) -> None:
    said = " ".join(told_to(writing, sample.conversation))
    assert "Name: noted" in said and "Date of birth: noted" in said
    with reading() as session:
        played = " ".join(line.shown for line in lines(session.get(Report, sample.report).data))
    assert "passport" not in played and not [told for told in HELD.values() if told in said + played]


def test_a_day_that_cannot_be_one_is_refused(ana: Browser, sample: Sample) -> None:
    for born in ("31.02.2012", "2999-01-01", "last May"):
        assert ana.act(sample.case, "answers", version="2", **{"person.p1.born": born}).status_code == 422
    with reading() as session:
        assert session.get(Case, sample.case).state == "claimed"
        kept = session.get(Report, sample.report).data["persons"][0]["values"]["born"]
    assert kept["value"] == planted.BORN_AS_STORED
