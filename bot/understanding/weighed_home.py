"""Weighs where somebody is and where they are settled: the patterns beside the trained reader (`second.py`)."""
from __future__ import annotations

from dataclasses import replace

from bot.understanding.learned import Opinion, words_for
from bot.understanding.reading import Fact, Reading

LOCAL = 0.5
"""Share from which the trained reader takes somebody for one who belongs here."""


def weigh_country(reading: Reading, opinion: Opinion, stated: float, inferred: float) -> None:
    """Leave out a country of the case that is a foreigner's own: the town that they come from, not where they are.

    It matters twice: whose child it is, and that the country where the child is counts as open to the receivers.

    Args:
        reading: what was read, changed in place.
        opinion: what the trained reader makes of the message.
        stated: share from which it is believed that somebody is a foreigner where the text gives the place outright.
        inferred: the same where the place is only inferred.
    """
    place = next((fact for fact in reading.facts if fact.field == "country"), None)
    nations = {fact.value for fact in reading.facts if fact.field == "nationality" and fact.status != "denied"}
    settled = any(fact.field == "residence" and fact.value == "here" for fact in reading.facts)
    if place is None or place.value not in nations or settled:
        return
    foreign = opinion.shares.get("non_national.yes", 0.0)
    local = max(opinion.shares.get(label, 0.0) for label in ("non_national.no", "home"))
    if foreign >= (stated if place.status == "stated" else inferred) and local < LOCAL:
        reading.facts.remove(place)


def weigh_home(
    reading: Reading, text: str, opinion: Opinion, here: str | None,
    home: float, beside: float, abroad: float, doubt: float,
) -> None:
    """Read where somebody is settled, which the words for it seldom say outright.

    Args:
        reading: what was read, changed in place.
        text: the message.
        opinion: what the trained reader makes of the message.
        here: ISO code of the responder's country, where known; a place that is told goes before it.
        home: share from which it is believed that somebody is settled here.
        beside: share that it must give to this where a pattern found it.
        abroad: share from which it is believed that somebody is not.
        doubt: share from which the home may be elsewhere than the passport says, so that it is asked for.
    """
    share = opinion.shares.get("home", 0.0)
    found = next((fact for fact in reading.facts if fact.field == "residence"), None)
    if found is not None and found.value == "here" and share < beside:
        # One of them is wrong, so it is noted as unsure, and asked for.
        reading.facts = [f for f in reading.facts if f.field not in ("residence", "residence_country")]
        reading.facts.append(replace(found, value="abroad", status="hedged"))
        return
    if found is None and share >= home:
        reading.facts.append(Fact("residence", "here", "hedged", *words_for(text, opinion, "home")))
    elif found is not None and found.value == "abroad" and share >= home:
        reading.facts[reading.facts.index(found)] = replace(found, status="hedged")
    elif found is None and (nations := [f.value for f in reading.facts if f.field == "nationality"]):
        if share >= doubt:
            # Not the passport but the settled home decides, so it is noted as unsure, and asked for.
            told = next((f.value for f in reading.facts if f.field == "country"), here)
            value = "here" if told in nations else "abroad"
            reading.facts.append(Fact("residence", value, "hedged", *words_for(text, opinion, "home")))
    elif found is None and opinion.shares.get("non_national.yes", 0.0) >= abroad:
        reading.facts.append(Fact("residence", "abroad", "hedged", *words_for(text, opinion, "non_national.yes")))
