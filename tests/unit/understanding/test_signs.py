"""The signs found in messages: who says them, what is denied, and that nothing a responder types can break it."""
from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.protocol.indicators import GROUPS, indicators
from bot.protocol.loading import BrokenData
from bot.understanding.signs import PATTERNS, WORDS, Patterns, find_signs, patterns

STATED = [
    ("owner of the takeaway has all their ID cards in a drawer", "document_control"),
    ("asked where his passport is: madam keeps it", "document_control"),
    ("the woman answered every question for the boy", "adult_speaks_for_person"),
    ("he won't let her speak to us", "adult_speaks_for_person"),
    ("came with a so called cousin, surnames do not match", "unclear_relationship"),
    ("man says he is a friend of the mother", "unclear_relationship"),
    ("an agent booked the flight and got the visa", "third_party_paid_travel"),
    ("she doesn't know who paid for the plane ticket", "third_party_paid_travel"),
    ("old scars on his legs, fresh bruises", "signs_of_injury_or_neglect"),
    ("girl very thin, no shoes, asks for food", "signs_of_injury_or_neglect"),
    ("says the foreman kicks them", "violence_or_threat"),
    ("they know where her grandmother lives", "violence_or_threat"),
    ("they are not allowed out after work", "restricted_freedom"),
    ("kept locked in a flat for two weeks", "restricted_freedom"),
    ("was promised a place at a language school", "recruitment_deception"),
    ("thought she would be an au pair", "recruitment_deception"),
    ("still owes 12000 to the smuggler", "debt_bondage"),
    ("family took a loan and he must pay it back", "debt_bondage"),
    ("never been paid since march", "no_or_little_pay"),
    ("gets 40 euros a week", "no_or_little_pay"),
    ("works 14 hours a day, seven days", "inappropriate_work_or_hours"),
    ("cooks, cleans and minds the twins", "inappropriate_work_or_hours"),
    ("they sleep on mattresses above the bakery", "living_at_workplace"),
    ("living in a caravan on the farm", "living_at_workplace"),
    ("third new phone this term and nails done", "unexplained_money_goods_phone"),
    ("she met him on Instagram", "online_grooming"),
    ("one woman travelling with six small children", "multiple_children_one_adult"),
    ("went missing again on friday", "repeated_missing_or_runaway"),
    ("has never been to school", "school_absence"),
    ("father sold her to a neighbour", "family_involved"),
    ("swore an oath at a shrine before leaving", "psychological_abuse"),
    ("they give the boys pills before work", "substance_use"),
    ("all three tell the same story, word for word", "coached_or_fearful_story"),
    ("too scared to talk, looks at the floor", "coached_or_fearful_story"),
    ("told to ring a number when he gets there", "movement_control"),
    ("moved to a different flat every week", "movement_control"),
    ("does not speak any German and has nobody to talk to", "isolation_language"),
    ("her passport is in the employer's wardrobe", "document_control"),
    ("the papers the coordinator keeps in a folder", "document_control"),
    ("stepmother burned the girl's passport", "document_control"),
    ("the farmer never gave back his residence permit", "document_control"),
    ("he holds her pension card", "document_control"),
    ("she glances at the driver before every answer", "coached_or_fearful_story"),
    ("they must say he is their grandfather", "coached_or_fearful_story"),
    ("says 17 then 19", "coached_or_fearful_story"),
    ("told: I slipped on the stairs", "coached_or_fearful_story"),
    ("four months of work for the ticket", "debt_bondage"),
    ("the sum grows every week", "debt_bondage"),
    ("they pay him in bread", "no_or_little_pay"),
    ("has never touched any money", "no_or_little_pay"),
    ("the company owes them three months", "no_or_little_pay"),
    ("two boys loading bricks", "inappropriate_work_or_hours"),
    ("he cleans offices nights", "inappropriate_work_or_hours"),
    ("she was ironing when we came", "inappropriate_work_or_hours"),
    ("if she talks her brother pays", "violence_or_threat"),
    ("they know his nan's address", "violence_or_threat"),
    ("her small sister was kept as hostage", "violence_or_threat"),
    ("the bolt is on the outside of the door", "restricted_freedom"),
    ("he is shut in the pantry when guests come", "restricted_freedom"),
    ("never let out since spring", "restricted_freedom"),
    ("yellow spots on the arms", "signs_of_injury_or_neglect"),
    ("they eat once a day", "signs_of_injury_or_neglect"),
    ("wedding is fixed for June", "family_involved"),
    ("her wages are with the brother in law", "family_involved"),
    ("a woman in Dubai paid the smuggler", "third_party_paid_travel"),
    ("kips behind the counter", "living_at_workplace"),
    ("has not been enrolled anywhere", "school_absence"),
    ("a man empties the cup every half hour", "movement_control"),
    ("the van drops the boys at the market", "movement_control"),
    ("none of the kids are related to her", "multiple_children_one_adult"),
    ("owner replies in her place", "adult_speaks_for_person"),
    ("told the police here beat foreigners", "psychological_abuse"),
    ("900 euro in his sock", "unexplained_money_goods_phone"),
    ("left with a recruiter for come and earn", "recruitment_deception"),
]


def _groups(text: str) -> set[str]:
    return {g for s in find_signs(text) if s.seen != "denied" for g in indicators()[s.id].assessment}


@pytest.mark.parametrize(("text", "group"), STATED)
def test_what_is_stated_is_found(text: str, group: str) -> None:
    assert group in _groups(text)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("no bruises, no marks", "signs_of_injury_or_neglect"),
        ("she has never been beaten", "violence_or_threat"),
        ("nobody threatened him", "violence_or_threat"),
        ("no debt", "debt_bondage"),
        ("she is free to leave when she wants", "restricted_freedom"),
        ("shows her own passport", "document_control"),
        ("he is not locked in", "restricted_freedom"),
        ("injuries: none", "signs_of_injury_or_neglect"),
        ("injuries were not established", "signs_of_injury_or_neglect"),
        ("he owes nobody", "debt_bondage"),
        ("she is not at all afraid of the uncle", "coached_or_fearful_story"),
        ("a bank loan for a car", "debt_bondage"),
        ("nobody hits her here", "violence_or_threat"),
        ("the passports lie in their own drawer", "document_control"),
        ("the passport she has herself", "document_control"),
        ("works as a cleaner with a contract", "inappropriate_work_or_hours"),
        ("gets pocket money from the parents", "no_or_little_pay"),
        ("the medical certificate is missing", "repeated_missing_or_runaway"),
        ("father bought the ticket to Porto", "third_party_paid_travel"),
    ],
)
def test_what_is_denied_is_not_stated(text: str, group: str) -> None:
    assert group not in _groups(text)


@pytest.mark.parametrize(
    "text",
    [
        "what is the number of the focal point?",
        "is it going to rain tomorrow",
        "Good morning, I have a question about your form.",
        "the boy likes football and has two sisters",
        "girl 16, own contract, payslips seen, lives with her parents",
        "mother and two sons, own passports, visiting the grandmother",
        "ok thanks",
        "",
    ],
)
def test_small_talk_holds_no_sign(text: str) -> None:
    assert _groups(text) == set()


@pytest.mark.parametrize(
    ("text", "sign", "seen"),
    [
        ("bruises on both arms", "general.untreated_injury_or_illness", "observed"),
        ("she says they beat her", "control.violence_or_threats", "told_by_child"),
        ("a neighbour says they beat her", "control.violence_or_threats", "told_by_other"),
        ("maybe locked in at night", "control.cannot_leave", "suspected"),
        ("not locked in at night", "control.cannot_leave", "denied"),
        ("not allowed out", "control.cannot_leave", "observed"),
        ("he says he is not allowed out", "control.cannot_leave", "told_by_child"),
        ("they can come and go as they like", "control.cannot_leave", "denied"),
    ],
)
def test_who_says_it(text: str, sign: str, seen: str) -> None:
    assert {s.id: s.seen for s in find_signs(text)}[sign] == seen


def test_a_denial_never_takes_away_what_was_stated() -> None:
    found = {s.id: s.seen for s in find_signs("no violence here. but she has been beaten")}
    assert found["control.violence_or_threats"] != "denied"


def test_every_indicator_has_patterns_or_is_left_to_the_hand() -> None:
    with_patterns = {pattern.id for found in patterns().index.values() for pattern in found}
    assert set(indicators()) == with_patterns | patterns().by_hand


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_its_file(group: str) -> None:
    assert (PATTERNS / f"{group}.yml").is_file()


def test_all_patterns_compile() -> None:
    patterns().check()


PIECES = [
    "not", "no", "she", "says", "maybe", "locked", "in", "beaten", "passport", "owner", "has", "debt",
    ",", ".", ";", "?", "-", "(", "'", "\n", "14", "school",
]
TEXT = st.text() | st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(TEXT)
@example("the boss has İ her passport’s — “locked”\u202e in")
def test_any_text_gives_signs_whose_words_stand_in_it(text: str) -> None:
    found = find_signs(text)
    for sign in found:
        assert 0 <= sign.start < sign.end <= len(text)
        assert sign.words == text[sign.start:sign.end]
        assert sign.id in indicators()
    assert len({sign.id for sign in found}) == len(found)


@pytest.mark.parametrize("piece", ["a ", "no ", "she was ", "the man has ", "7 ", "'", "( ", "locked,"])
def test_no_text_makes_it_slow(piece: str) -> None:
    """A text made to be slow takes some ten times as long as one of its length that is full of signs, not hundreds."""
    usual = (". ".join(text for text, _ in STATED) + ". ") * 20
    find_signs(usual)
    assert min(_seconds((piece * 10_000)[:10_000]) for _ in range(2)) < 30 * min(
        _seconds(usual[:10_000]) for _ in range(2))


def _seconds(text: str) -> float:
    start = time.process_time()
    find_signs(text)
    return time.process_time() - start


SHARED = """\
words:
  him: her|him
told:
  by_child: ["says"]
  by_other: ["neighbour says"]
  goes_on: ["and"]
"""
GOOD = """\
signs:
  control.cannot_leave:
    find:
      - "lock* {him} in"
"""


@pytest.mark.parametrize(
    ("good", "broken", "line"),
    [
        ("control.cannot_leave", "control.unheard_of", 2),
        ("{him}", "{nobody}", 4),
        ("lock*", "(lock*", 4),
        ("lock*", "Lock*", 4),
        ("find:", "finds:", 2),
    ],
)
def test_a_broken_entry_names_file_and_line(tmp_path: Path, good: str, broken: str, line: int) -> None:
    (tmp_path / WORDS).write_text(SHARED, "utf-8")
    (tmp_path / "control.yml").write_text(GOOD.replace(good, broken), "utf-8")
    with pytest.raises(BrokenData, match=rf"^control\.yml:{line}: "):
        Patterns(tmp_path)


def test_an_indicator_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / WORDS).write_text(SHARED, "utf-8")
    (tmp_path / "a.yml").write_text(GOOD, "utf-8")
    (tmp_path / "b.yml").write_text(GOOD, "utf-8")
    with pytest.raises(BrokenData, match=r"^b\.yml:2: .*two files"):
        Patterns(tmp_path)


@pytest.mark.parametrize(("text", "near"), [
    ("the man is still here", True), ("he is outside in a car", True), ("her husband is here and shouts", True),
    ("girl, 16, she was here in care for two years", False), ("boy 15, he is here with me", False),
])
def test_somebody_who_is_here_is_the_child_as_a_rule(text: str, near: bool) -> None:
    assert ("control.controller_nearby" in {sign.id for sign in find_signs(text)}) == near


@pytest.mark.parametrize(("text", "bought"), [
    ("a man bought her ticket to Dublin", False),
    ("he bought her a phone", False),
    ("the family bought her from the agent", True),
    ("he bought him for 3000", True),
    ("says she was sold at the border", True),
    ("her phone was sold", False),
])
def test_who_is_bought_is_told_from_what_is_bought_for_them(text: str, bought: bool) -> None:
    kinds = {"general.treated_as_property", "recruitment_movement.sold_or_given_away"}
    assert bool({sign.id for sign in find_signs(text)} & kinds) is bought
