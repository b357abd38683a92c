"""The labelled example dialogues of the main job: they end as they should."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dialogues.conftest import Chat

DIALOGUES = Path(__file__).resolve().parents[3] / "shared" / "examples" / "dialogues.jsonl"


def dialogue(name: str) -> dict[str, Any]:
    if not DIALOGUES.exists():
        pytest.skip("the labelled examples do not lie beside the project")
    rows = [json.loads(line) for line in DIALOGUES.read_text("utf-8").splitlines()]
    return next(row for row in rows if row["id"] == name)


async def test_ed_01_a_child_of_this_country_goes_to_the_national_mechanism(chat: Chat) -> None:
    lines = dialogue("ed-01")["utterances"]
    said = [await chat.say(line) for line in lines]
    route = said[lines.index("so NFP or not? the head says NFP")]
    assert "National referral mechanism for children" in route
    assert "not the National Focal Point in the first place" in route
    assert "Do not confront" in "\n".join(said)
    whole = chat.record()["assessment_summary"]
    assert (whole["child"], whole["age"], whole["gender"], whole["nationality"]) == ("yes", 14, "female", "PT")
    assert whole["non_national"] == "no" and whole["immediate_danger"] is False
    assert whole["expected_route"] == "nrm_child"
    await chat.to_summary(danger="no", fear="no")
    await chat.say("#send")
    assert [r["route"] for r in chat.record()["receipts"]] == ["nrm_child"]


async def test_ed_02_an_adult_who_is_not_the_father_is_not_believed(chat: Chat) -> None:
    for line in dialogue("ed-02")["utterances"]:
        await chat.say(line)
    whole = chat.record()["assessment_summary"]
    assert whole["age"] == 9 and whole["gender"] == "male" and whole["nationality"] == "UA"
    assert whole["accompanied"] in ("with_other_adult", "with_adult_relative_claimed")
    assert whole["expected_route"] == "nfp"
    assert "unclear_relationship" in whole["indicator_groups"]
    await chat.to_summary(danger="no")
    await chat.say("#send")
    assert chat.reference


async def test_ed_03_no_verdict_but_the_referral(chat: Chat) -> None:
    said = [await chat.say(line) for line in dialogue("ed-03")["utterances"]]
    assert "Nobody decides that here" in said[-1]
    whole = chat.record()["assessment_summary"]
    assert (whole["child"], whole["age"], whole["gender"], whole["nationality"]) == ("yes", 17, "male", "SY")
    assert whole["expected_route"] == "nfp"
    assert "labour" in whole["exploitation"]
    assert {"no_or_little_pay", "living_at_workplace"} <= set(whole["indicator_groups"])


async def test_ed_04_typos_and_single_words(chat: Chat) -> None:
    for line in dialogue("ed-04")["utterances"]:
        await chat.say(line)
    whole = chat.record()["assessment_summary"]
    assert (whole["age"], whole["gender"], whole["nationality"]) == (15, "female", "NG")
    assert whole["documents"] == "none"
    assert whole["expected_route"] == "nfp"
    assert "debt_bondage" in whole["indicator_groups"] or "psychological_abuse" in whole["indicator_groups"]


async def test_ed_05_nobody_learns_where_a_child_is(chat: Chat) -> None:
    said = [await chat.say(line) for line in dialogue("ed-05")["utterances"]]
    for answer in said:
        assert "cannot say whether any child, shelter or case exists" in answer or "stay with my task" in answer
    record = chat.record()
    assert record["reference"] is None and record["values"] == {}
    assert [c.kind for c in chat.cases()] == ["contact"]
