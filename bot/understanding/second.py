"""Weighs what the trained reader makes of a message against what the patterns found in it.

Where both agree, a finding stands as stated. What only the trained reader found is noted as unsure, so that it is
played back to be tapped right or wrong. What only a pattern found, and the trained reader holds for wrong, is left out;
the words stay in the account. A denial that a pattern read is never overruled.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.indicators import ASSESSMENT_GROUPS, indicators
from bot.protocol.loading import BrokenData, line_of, load
from bot.understanding.adulthood import ADULT
from bot.understanding.age_patterns import SCHOOL
from bot.understanding.facts import BACK, back
from bot.understanding.learned import Opinion, words_for
from bot.understanding.negation import status
from bot.understanding.reading import Fact, Person, Reading, Sign
from bot.understanding.text import plain
from bot.understanding.weighed_home import weigh_country, weigh_home
from bot.understanding.weighed_people import doubt_grown, leave_to_children, weigh_ages, weigh_nationality, weigh_sexes

_PATH = Path(__file__).parent / "data" / "second.yml"
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_BOTH = ("group", "form", "danger", "missing", "asylum", "accompanied", "documents", "home", "foreign", "about",
         "adult", "age", "gender", "nationality", "denied", "proven", "question")
_NEEDED = {**dict.fromkeys(_BOTH, ("alone", "beside")), "abroad": ("alone",), "doubt": ("alone",),
           "minor": ("alone",), "exploited": ("beside",)}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["weights", "leads"],
    "properties": {
        "weights": {
            "type": "object", "additionalProperties": False, "required": list(_NEEDED),
            "properties": {name: {"type": "object", "additionalProperties": False, "required": list(needed),
                                  "properties": dict.fromkeys(needed, _SHARE)} for name, needed in _NEEDED.items()},
        },
        "leads": {"type": "object", "additionalProperties": False, "required": sorted(ASSESSMENT_GROUPS),
                  "properties": {name: {"type": "string"} for name in ASSESSMENT_GROUPS}},
    },
}
FEWEST_WORDS, FEWEST_TO_DOUBT = 4, 12
"""Words from which a message is long enough for the trained reader, and for it to doubt what a pattern found.

A piece of a story told in pieces ("gets 100 a week for 60 hours") means more than it shows by itself."""
SURE, SURE_ENOUGH = 0.95, 0.8
"""Shares from which the trained reader is believed alone in such a piece, for it learned on whole messages.

The first is that of most labels, the second that of those that must not be missed."""
WORDS_FOR_A_SIGN = 3
"""Fewest words that a sign or form takes, one with another; a reader that finds more in a text is guessing."""
MOST = 0.5
"""Share from which somebody is missing although the message says that somebody came back."""
_URGENT = ("danger", "missing", "asylum")
NEVER = 1.1
KNOWN, FEWEST_FOREIGN = 0.35, 5
"""Share of known words below which a text is in a language that the trained reader did not learn, and its fewest words.

Of the messages that it learns from, broken and telegraphic ones among them, one in two hundred has less, nearly all of
them in another language; other languages have 0 to 0.3, French and German up to 0.5."""


@dataclass(frozen=True)
class Weight:
    """From which share the trained reader is believed alone, and which it must give what a pattern found."""

    alone: float = NEVER
    beside: float = 0.0


@lru_cache(maxsize=1)
def _data() -> tuple[dict[str, Weight], dict[str, str]]:
    data = load(_PATH, _SCHEMA)
    for group, sign in data["leads"].items():
        if sign not in indicators() or group not in indicators()[sign].assessment:
            raise BrokenData(_PATH, line_of(_PATH, ["leads", group]), f"'{sign}' is no sign of {group}")
    return {name: Weight(**entry) for name, entry in data["weights"].items()}, data["leads"]


def weight(name: str) -> Weight:
    """Give the shares of one name of `data/second.yml`."""
    return _data()[0][name]


def weigh(reading: Reading, text: str, opinion: Opinion, here: str | None = None) -> Reading:
    """Put both together.

    Args:
        reading: what the patterns found.
        text: the message.
        opinion: what the trained reader makes of it.
        here: ISO code of the responder's country, where known.

    Returns:
        A new reading; the given one where the message is too short, or in a language that was not learned.
    """
    if len(text.split()) >= FEWEST_FOREIGN and opinion.known < KNOWN:
        return replace(reading, foreign=True)
    if len(text.split()) < FEWEST_WORDS:
        return reading
    weights, _ = _data()
    if len(text.split()) < FEWEST_TO_DOUBT:
        denied = weights["denied"]
        weights = {name: Weight(max(weight.alone, SURE_ENOUGH if name in _URGENT else SURE), 0.0)
                   for name, weight in weights.items()}
        weights["denied"] = Weight(SURE, max(denied.beside, SURE_ENOUGH))
    if _guesses(text, opinion):
        weights = {**weights, **{name: Weight(NEVER, weights[name].beside) for name in ("group", "form")}}
    made = replace(reading, people=[replace(person) for person in reading.people], facts=list(reading.facts))
    made.signs = _signs(reading.signs, text, opinion, weights)
    _forms(made, text, opinion, weights["form"])
    _flags(made, text, opinion, weights)
    for field in ("accompanied", "documents"):
        _one_of(made, field, text, opinion, weights[field])
    _proven(made, text, opinion, weights["proven"])
    if not any(fact.field == "age_problem" for fact in made.facts):
        weigh_ages(made.people, text, opinion, weights["age"].alone, weights["age"].beside,
                   opinion.shares.get("child.no", 0.0) >= weights["adult"].beside)
    weigh_sexes(made.people, opinion, weights["gender"].alone, weights["gender"].beside)
    weigh_nationality(made, text, opinion, weights["nationality"].alone, weights["nationality"].beside)
    weigh_country(made, opinion, weights["foreign"].alone, weights["foreign"].beside)
    weigh_home(made, text, opinion, here, weights["home"].alone, weights["home"].beside,
               weights["abroad"].alone, weights["doubt"].alone)
    _adult(made, opinion, weights["adult"])
    if opinion.shares.get("child.no", 0.0) >= weights["adult"].alone:
        leave_to_children(made.people, opinion, weights["age"].alone)
    doubt_grown(made.people, opinion)
    _exploited(made, opinion, weights["exploited"].beside)
    return presume_minors(_about(made, opinion, weights["about"]), text, opinion)


def presume_minors(reading: Reading, text: str, opinion: Opinion) -> Reading:
    """Leave open whether somebody is grown where the trained reader sees an age that is disputed.

    Args:
        reading: what was read.
        text: the message; it may be a short question, which nothing else is weighed in.
        opinion: what the trained reader makes of it.

    Returns:
        A new reading; the given one where nothing speaks for a minor, or the text is too short or in another language.
    """
    grown = [person for person in reading.people if not person.dependent]
    told = len(text.split()) >= FEWEST_WORDS and opinion.known >= KNOWN
    disputed = opinion.shares.get("child.unclear", 0.0) >= weight("minor").alone
    if not (told and disputed and all(person.child == "no" for person in grown)):
        return reading
    return replace(reading, people=[person if person.dependent else replace(person, child="unclear")
                                    for person in reading.people])


def _guesses(text: str, opinion: Opinion) -> bool:
    """Tell whether the trained reader finds more in a text than anybody can say in so few words."""
    found = [label for label, share in opinion.shares.items() if share >= 0.5 and label.startswith(("group.", "form."))]
    return len(found) * WORDS_FOR_A_SIGN > len(text.split())


def _signs(signs: list[Sign], text: str, opinion: Opinion, weights: dict[str, Weight]) -> list[Sign]:
    weight, denial = weights["group"], weights["denied"]

    def denied(group: str) -> bool:
        share = opinion.shares.get(f"denied.{group}", 0.0)
        if share >= denial.alone and share > opinion.shares.get(f"group.{group}", 0.0):
            return True
        # Less is enough where a word that denies stands before the very words.
        span = opinion.spans.get(f"group.{group}")
        return share >= denial.beside and span is not None and status(text, *span) == "denied"

    def stands(sign: Sign) -> bool:
        groups = indicators()[sign.id].assessment
        share = max((opinion.shares.get(f"group.{group}", 0.0) for group in groups), default=1.0)
        return share >= weight.beside and not (groups and all(denied(group) for group in groups))

    kept = [sign for sign in signs if sign.seen == "denied" or stands(sign)]
    told = {group for sign in kept for group in indicators()[sign.id].assessment}
    for group, lead in _data()[1].items():
        label = f"group.{group}"
        if group in told:
            continue
        if denied(group):
            kept.append(Sign(lead, "denied", *words_for(text, opinion, f"denied.{group}"), sure=False))
        elif opinion.shares.get(label, 0.0) >= weight.alone:
            kept.append(Sign(lead, "suspected", *words_for(text, opinion, label), sure=False))
    return sorted(kept, key=lambda sign: (sign.start, sign.end, sign.id))


def _forms(reading: Reading, text: str, opinion: Opinion, weight: Weight) -> None:
    named = {str(fact.value) for fact in reading.facts if fact.field == "exploitation" and fact.status != "denied"}
    reading.facts = [
        fact for fact in reading.facts
        if fact.field != "exploitation" or fact.status == "denied"
        or opinion.shares.get(f"form.{fact.value}", 0.0) >= weight.beside
    ]
    for sign in reading.signs:
        form = indicators()[sign.id].form
        if form != "general" and opinion.shares.get(f"form.{form}", 0.0) < weight.beside:
            sign.sure = False
    for label, share in opinion.shares.items():
        kind, _, form = label.partition(".")
        if kind == "form" and share >= weight.alone and form not in named:
            reading.facts.append(Fact("exploitation", form, "hedged", *words_for(text, opinion, label)))


def _flags(reading: Reading, text: str, opinion: Opinion, weights: dict[str, Weight]) -> None:
    for label, field, value, present in (
        ("danger", "danger", True, (True,)),
        ("missing", "missing", "now", ("now",)),
        ("asylum", "fear", "fear", ("asylum", "fear", "refugee")),
    ):
        weight, share = weights[label], opinion.shares.get(label, 0.0)
        found = [fact for fact in reading.facts if fact.field == field and fact.value in present]
        if found and share < weight.beside:
            reading.facts = [fact for fact in reading.facts if fact not in found]
        elif not found and share >= weight.alone and not (label == "missing" and _came_back(reading, text, share)):
            # What the patterns read of the same thing, such as "was missing before", gives way to what is so now.
            reading.facts = [fact for fact in reading.facts if fact.field != field]
            reading.facts.append(Fact(field, value, "stated", *words_for(text, opinion, label)))


def _came_back(reading: Reading, text: str, share: float) -> bool:
    """Tell whether a pattern found that somebody who was missing was found since.

    Where no pattern knows who was missing, it must be more likely than not: "his bunk was empty, he came back at ten".
    """
    earlier = [fact for fact in reading.facts if fact.field == "missing" and fact.value == "earlier"]
    found_since = any(BACK.fullmatch(plain(fact.words)) for fact in earlier)
    return found_since or (share < MOST and back(text) is not None)


def _one_of(reading: Reading, field: str, text: str, opinion: Opinion, weight: Weight) -> None:
    listed = [label for label in opinion.shares if label.startswith(f"{field}.")]
    shares = {label.partition(".")[2]: opinion.shares[label] for label in listed}
    found = next((fact for fact in reading.facts if fact.field == field and fact.status != "denied"), None)
    best = max(shares, key=lambda value: shares[value], default=None)
    if best is None or (found is not None and found.value == best):
        return
    if found is not None and shares.get(str(found.value), 0.0) < weight.beside:
        reading.facts.remove(found)
        found = None
    if found is None and shares[best] >= weight.alone:
        reading.facts.append(Fact(field, best, "hedged", *words_for(text, opinion, f"{field}.{best}")))


def _exploited(reading: Reading, opinion: Opinion, beside: float) -> None:
    """Doubt all signs together where the trained reader takes nobody for exploited.

    Of a child every sign counts, sure or not; an adult's route is opened by what is sure.
    """
    if opinion.shares.get("exploited", 0.0) >= beside:
        return
    reading.signs = [sign if sign.seen == "denied" else replace(sign, sure=False) for sign in reading.signs]
    if reading.people and all(person.child == "no" for person in reading.people):
        reading.facts = [fact for fact in reading.facts if fact.field != "exploitation" or fact.status == "denied"]


def _about(reading: Reading, opinion: Opinion, weight: Weight) -> Reading:
    """Tell a message about a person from a general question, whose words for people mean nobody.

    Danger, fear and somebody missing stand in any case, and so does an age.
    """
    share = opinion.shares.get("about", 0.0)
    if share >= weight.alone and (reading.signs or reading.people or reading.facts):
        reading.about_a_person = True
    urgent = any(fact.field in _URGENT_FIELDS and fact.status != "denied" for fact in reading.facts)
    # "Posters for class 6": a class is an age only where somebody is told of.
    aged = any(person.age is not None and not SCHOOL.fullmatch(plain(person.words)) for person in reading.people)
    if share >= weight.beside or urgent or aged:
        return reading
    return replace(reading, people=[], signs=[], about_a_person=False,
                   facts=[fact for fact in reading.facts if fact.field in _OF_THE_WRITER])


_URGENT_FIELDS = ("danger", "missing", "fear")
_OF_THE_WRITER = ("place", "country", "role")
ALWAYS = _URGENT_FIELDS + _OF_THE_WRITER
"""Fields that are read even in a question that tells of nobody."""


def _proven(reading: Reading, text: str, opinion: Opinion, weight: Weight) -> None:
    """Read that nobody need doubt the parents, which the words for it seldom say outright."""
    found = next((fact for fact in reading.facts if fact.field == "link_checked"), None)
    share = opinion.shares.get("proven", 0.0)
    if found is not None and share < weight.beside:
        reading.facts.remove(found)
    elif found is None and share >= weight.alone:
        reading.facts.append(Fact("link_checked", "yes", "hedged", *words_for(text, opinion, "proven")))


GROWN = 20
"""Years from which an age that is said outweighs a word such as "girl"."""


def _youngest(person: Person) -> int:
    age = person.age
    return -1 if age is None else age if isinstance(age, int) else age[0]


def _adult(reading: Reading, opinion: Opinion, weight: Weight) -> None:
    """Take somebody for an adult only where the trained reader does too, and hardly anything speaks against it.

    Where it alone does, a word for a child ("hotel full of girls like her") leaves open who is meant; that is asked.
    """
    share = opinion.shares.get("child.no", 0.0)
    sure = share >= weight.alone
    grown = [person for person in reading.people if not person.dependent]
    if share < weight.beside and all(person.child == "no" for person in grown):
        for person in grown:
            person.child = "unclear"
    for person in grown:
        unsaid = person.child is None and person.age is None
        if sure and (unsaid or (person.child == "unclear" and _youngest(person) >= GROWN)):
            person.child = "no"
        elif sure and person.child == "yes" and (person.age is None or _youngest(person) >= ADULT):
            person.child = "unclear"
    if sure and not reading.people and opinion.shares.get("about", 0.0) >= weight.alone:
        reading.people.append(Person(child="no"))
