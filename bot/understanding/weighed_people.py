"""Weighs what the trained reader makes of age, sex and nationality against what patterns found."""
from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from bot.understanding.adulthood import ADULT, BARELY
from bot.understanding.age_patterns import JOIN, of_the_past
from bot.understanding.learned import Opinion
from bot.understanding.mentions import AGE, NATIONALITY, Mention
from bot.understanding.nouns import CERTAINLY_CHILDREN
from bot.understanding.reading import Fact, Person, Reading
from bot.understanding.text import plain

MOST = 0.5
"""Share from which one age makes another one, that has less than it needs, that of somebody else."""
SMALL = 9
"""Years up to which a child is named beside a grown-up as theirs, as a rule."""
GROWN = 0.65
"""Share that an adult age must have to stay that of somebody who has another one: it often is the other person's."""
SURE = 0.9
"""Share from which an age below 18 counts although all ages that were read are an adult's, and such a one beside it."""
THIRD = 0.34
"""Part of the share of a country that is believed, which another one must have to be a nationality beside it."""
NO_RANGE = 25
"""Years from which an adult's age is not that of somebody who may be a child: a paper or a look differ by less."""


def _bounds(age: int | list[int] | None) -> list[int]:
    return [] if age is None else [age] if isinstance(age, int) else list(age)


def _age(values: list[int]) -> int | list[int] | None:
    if not values:
        return None
    return values[0] if min(values) == max(values) else [min(values), max(values)]


def weigh_ages(people: list[Person], text: str, opinion: Opinion, alone: float, beside: float, grown: bool) -> None:
    """Take out of an age what is a number of something else, and put in one that no pattern knew.

    Of several ages in a message the trained reader does not say whose each is; so it adds none to somebody whose age is
    known, but for the rest of a list ("12, 14, 16").

    Args:
        people: who was read, changed in place.
        text: the message.
        opinion: what the trained reader makes of it.
        alone: share from which a number is an age though no pattern says so.
        beside: share that a number must have to stay an age where another one is.
        grown: the trained reader takes the person for an adult.
    """
    shares = opinion.mentions.get(AGE, {})
    best: dict[int, float] = {}
    for mention, share in shares.items():
        best[int(mention.value)] = max(share, best.get(int(mention.value), 0.0))
    written = {int(digits) for digits in _DIGITS.findall(text)}
    believed = sorted((mention for mention, share in shares.items() if share >= alone), key=lambda one: one.start)
    mine = [person for person in people if not person.dependent]
    for person in mine:
        kept = [value for value in _bounds(person.age)
                if best.get(value, 0.0 if value in written else 1.0) >= (beside if value < ADULT else GROWN)]
        if kept and _is_written(text, _bounds(person.age)):
            kept = _bounds(person.age)
        if kept != _bounds(person.age) and any(best.get(value, 0.0) >= MOST for value in kept):
            _set(person, kept, grown)
    if len(mine) == 1 and not grown:
        _rather_a_child(mine[0], text, best, [one for one in believed if int(one.value) < ADULT], beside)
    known = {value for person in mine for value in _bounds(person.age)}
    if believed and not known:
        # Beside grown-ups the ages of children are those that count.
        first = max([one for one in believed if int(one.value) < ADULT] or believed, key=lambda one: shares[one])
        if not mine:
            people.append(Person())
            mine = people[-1:]
        if not grown and int(first.value) > BARELY and CERTAINLY_CHILDREN.search(plain(mine[0].words)):
            # "Couple, 47/45, and a newborn".
            return
        mine[0].earlier = of_the_past(plain(text), first.start)
        values = [int(one.value) for one in _listed(text, believed, {int(first.value)})]
        _set(mine[0], [*values, *_other_bound(text, first)], grown)
    elif len(mine) == 1 and (listed := _listed(text, believed, known)):
        _set(mine[0], [*_bounds(mine[0].age), *(int(one.value) for one in listed)], grown)
    young = any(int(one.value) < ADULT for one in believed)
    for person in mine:
        # "16, with an ID card that says 19": barely an adult, and the message speaks of a child's age.
        if young and person.child == "no" and any(ADULT <= value <= BARELY for value in _bounds(person.age)):
            person.child = "unclear"


def _rather_a_child(person: Person, text: str, best: dict[int, float], young: list[Mention], beside: float) -> None:
    """Give somebody, whom the trained reader takes for no adult, the age of a child that the message speaks of.

    An adult's age beside it is that of a man around ("he is 58 and texts her"), or, where it is near, a paper's.
    """
    values = _bounds(person.age)
    minors = [int(one.value) for one in young if not of_the_past(plain(text), one.start)]
    sure = [value for value in minors if best[value] >= SURE]
    if values and minors and all(best.get(value, 1.0) < beside for value in values):
        _set(person, minors, False)
    elif values and min(values) >= ADULT and sure:
        _set(person, [*sure, *(value for value in values if best.get(value, 0.0) >= SURE and value < NO_RANGE)], False)
    elif values and min(values) < ADULT and max(values) >= NO_RANGE and not _is_written(text, values):
        _set(person, [min(values)], False)


def _is_written(text: str, bounds: list[int]) -> bool:
    """Tell whether an age stands as a range in the text: one bound says of the other what it is."""
    return len(bounds) == 2 and re.search(
        rf"\b{bounds[0]}\s?(?:-|–|/|to|till|or)\s?{bounds[1]}(?!\d)", text) is not None


_RANGE = re.compile(r"\b(\d{1,2})\s?(?:-|–|/|to|or)\s?(\d{1,2})\b(?!\d|[:.,]\d)")


def _other_bound(text: str, age: Mention) -> list[int]:
    """Give the other bound of a range in which an age stands."""
    written = next((match for match in _RANGE.finditer(text) if match.start() <= age.start < match.end()), None)
    return [int(number) for number in written.groups() if int(number) != age.value] if written else []


_DIGITS = re.compile(r"\d{1,3}")
_BETWEEN = re.compile(rf"\s*{JOIN}\s*", re.IGNORECASE)


def _listed(text: str, believed: list[Mention], known: set[int]) -> list[Mention]:
    """Give the ages that are known, with those that stand in one list with them."""
    found = [one for one in believed if one.value in known]
    for order in (believed, believed[::-1]):
        for before, after in pairwise(order):
            between = text[min(before.end, after.end) : max(before.start, after.start)]
            if before in found and after not in found and _BETWEEN.fullmatch(between):
                found.append(after)
    return found


def doubt_grown(people: list[Person], opinion: Opinion) -> None:
    """Doubt that everybody is grown where a number that is nobody's yet may be the age of a minor above `SMALL`.

    Args:
        people: who was read, changed in place.
        opinion: what the trained reader makes of the message.
    """
    known = {value for person in people for value in _bounds(person.age)}
    young = any(share >= MOST and SMALL < int(one.value) < ADULT and one.value not in known
                for one, share in opinion.mentions.get(AGE, {}).items())
    mine = [person for person in people if not person.dependent]
    if young and all(person.child == "no" for person in mine):
        for person in mine:
            person.child = "unclear"


def leave_to_children(people: list[Person], opinion: Opinion, alone: float) -> None:
    """Give the one person of a message, whom the trained reader takes for grown, an adult's age alone.

    The other ages are those of children beside her ("29, with her two, 5 and 3"). Whether she is grown is then asked.

    Args:
        people: who was read, changed in place.
        opinion: what the trained reader makes of the message; it takes the person for grown.
        alone: share from which a number is an age.
    """
    mine = [person for person in people if not person.dependent]
    shares = opinion.mentions.get(AGE, {})
    grown = [int(one.value) for one, share in shares.items() if share >= alone and int(one.value) >= ADULT]
    if len(mine) == 1 and grown and any(value < ADULT for value in _bounds(mine[0].age)):
        mine[0].age, mine[0].child = _age(grown), "unclear"


def _set(person: Person, values: list[int], grown: bool) -> None:
    person.age = _age(values)
    if not values:
        return
    if max(values) < ADULT:
        person.child = "yes"
    elif min(values) < ADULT or not grown:
        person.child = "unclear"
    elif person.child is None:
        person.child = "no"
    elif person.child == "yes" and min(values) > BARELY:
        # The word for a child may mean another one.
        person.child = "unclear"


def weigh_sexes(people: list[Person], opinion: Opinion, alone: float, beside: float) -> None:
    """Put in the sex that no pattern knew, and leave out one that the trained reader refuses.

    Args:
        people: who was read, changed in place.
        opinion: what the trained reader makes of the message.
        alone: share from which it is believed.
        beside: share that it must give to what a pattern found.
    """
    shares = {sex: opinion.shares.get(f"gender.{sex}", 0.0) for sex in ("female", "male")}
    likely: Literal["female", "male"] = "female" if shares["female"] >= shares["male"] else "male"
    mine = [person for person in people if not person.dependent]
    told_apart = len({person.sex for person in mine}) > 1
    for person in mine if not told_apart else ():
        if person.sex is not None and shares[person.sex] < beside:
            person.sex = None
        if person.sex is None and shares[likely] >= alone:
            person.sex = likely


def weigh_nationality(reading: Reading, text: str, opinion: Opinion, alone: float, beside: float) -> None:
    """Take the country that the trained reader holds for the nationality, where the patterns have none or a wrong one.

    Args:
        reading: what was read, changed in place.
        text: the message.
        opinion: what the trained reader makes of the message.
        alone: share from which a country is believed.
        beside: share that a country must have to stay where another one is believed.
    """
    shares = opinion.mentions.get(NATIONALITY, {})
    best: dict[str, float] = {}
    for mention, share in shares.items():
        best[str(mention.value)] = max(share, best.get(str(mention.value), 0.0))
    believed = [mention for mention, share in shares.items() if share >= alone]
    named = [fact for fact in reading.facts if fact.field == "nationality"]
    if not believed:
        return
    beside = max(beside, THIRD * max(shares[mention] for mention in believed))
    if any(fact.value in {mention.value for mention in believed} for fact in named):
        # Of several that patterns found, those are left out that it holds for something else: "the English school".
        weak = [fact for fact in named if best.get(str(fact.value), 1.0) < beside]
        reading.facts = [fact for fact in reading.facts if fact not in weak]
        return
    if any(best.get(str(fact.value), 1.0) >= beside for fact in named):
        return
    first = max(believed, key=lambda mention: shares[mention])
    reading.facts = [fact for fact in reading.facts if fact not in named]
    words = text[first.start : first.end]
    reading.facts.append(Fact("nationality", first.value, "hedged", words, first.start, first.end))
