"""Every question says why it is asked; numbers are the country's own, or the reply says that they are not."""
from __future__ import annotations

from pathlib import Path

import pytest

from bot.protocol.catalogue import questions
from tests.dialogues.conftest import Chat


async def test_every_question_says_why_with_its_source(chat: Chat, another_chat: Chat) -> None:
    of_a_child = await _asks_why(chat, "hello", fear="asylum")
    of_an_adult = await _asks_why(another_chat, "Woman of 31, beaten, in a bar")
    assert of_a_child | of_an_adult == set(questions()) - {"link", "grown"}


async def test_whether_a_family_is_proven_is_asked_with_its_reason(chat: Chat) -> None:
    assert "link" in await _asks_why(chat, "A boy of 14 from Peru with his mother at the bus station")


async def test_whether_somebody_is_certainly_grown_is_asked_with_its_reason(chat: Chat) -> None:
    assert "grown" in await _asks_why(chat, "Bus station, girl 19 years old, Romanian, a man holds her passport")


@pytest.mark.parametrize(("tapped", "title"), [
    ("adult", "National referral mechanism for adults"), ("unclear", "National Focal Point"),
])
async def test_who_is_certainly_grown_goes_the_adults_way_and_in_doubt_the_childs(
    chat: Chat, tapped: str, title: str
) -> None:
    await chat.say("Bus station, girl 19 years old, Romanian, a man holds her passport")
    assert title in await chat.to_summary(danger="no", grown=tapped, consent="yes")


async def _asks_why(chat: Chat, first: str, **answers: str) -> set[str]:
    await chat.say(first)
    seen = set()
    for _ in range(60):
        if chat.at_summary:
            if "#more" not in chat.taps:
                break
            await chat.say("#more")
            continue
        asked = str(chat.question)
        said = await chat.say("why?")
        assert questions()[asked].why in said and f"Source: {questions()[asked].source}" in said
        assert chat.question == asked, "the open question was not put again"
        seen.add(asked)
        await chat.say(f"#{asked}={answers.get(asked, 'unknown')}")
    return seen


async def test_every_question_takes_unknown_not_yet_and_not_safe(chat: Chat) -> None:
    await chat.say("hello")
    for _ in range(40):
        if chat.at_summary:
            return
        assert {f"#{chat.question}={key}" for key in ("unknown", "not_yet", "not_safe")} <= set(chat.taps)
        await chat.say(f"#{chat.question}=not_safe")


async def test_a_country_without_a_profile_is_said_to_have_none(chat: Chat) -> None:
    await chat.say("Girl, 15, from Romania, alone at the bus station in Porto")
    said = await chat.to_summary(danger="no")
    assert "I have no profile of Portugal" in said and "Norvania" in said


async def test_a_country_with_a_profile_gives_its_own_numbers(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bot.protocol.profile as profile
    import bot.referrals.reports as reports

    default = (profile.PROFILES / "default.yml").read_text("utf-8")
    (tmp_path / "default.yml").write_text(default, "utf-8")
    own = default.replace("QZ", "PT").replace("Norvania", "Portugal").replace("+44 20 7946 0101", "+351 000 000 001")
    (tmp_path / "portugal.yml").write_text(own, "utf-8")
    monkeypatch.setattr(reports, "profile_of", lambda country, name: profile.profile_of(country, name, tmp_path))
    await chat.say("Girl, 15, from Romania, alone at the bus station in Porto")
    await chat.to_summary_until("tonight")
    assert "+351 000 000 001" in chat.text
    assert "no profile" not in await chat.to_summary()
    assert chat.record()["country"] == "PT"


async def test_a_child_settled_here_goes_to_the_national_mechanism(chat: Chat) -> None:
    await chat.say("Boy of 13, carries parcels for older men every night, they gave him three phones")
    await chat.to_summary(danger="no", home="here")
    assert "National referral mechanism for children" in chat.text


async def test_an_asylum_wish_closes_the_feared_country(chat: Chat) -> None:
    said = await chat.say("Girl, 16, from Eritrea, alone, owes her travel to a man in the city, she wants asylum")
    assert "nothing at all goes to that country" in said
    await chat.to_summary(danger="no")
    assert "Nobody contacts: Eritrea" in chat.text
    assert chat.record()["firewall"]["closed"] == ["ER"]
