"""A report about a girl and a woman, each with a route and words of their own: for who may read what of it."""
from __future__ import annotations

from bot.database import writing
from bot.protocol.indicators import indicators
from bot.referrals import reports
from bot.referrals.tables import Case
from tests import planted
from tests.desk_world import Sample, make_case

GIRL, WOMAN = "nfp", "nrm_adult"
"""Their routes."""

PEOPLE = {
    GIRL: {"age": 14, "child": "yes", "sex": "female", "nationality": "MD", "feared": ["MD"], "language": "Gagauz",
           "name": planted.CHILD, "born": planted.BORN_AS_STORED, "phone": "+351 912 345 671",
           "stay": f"{planted.PLACE} 4"},
    WOMAN: {"age": 63, "child": "no", "sex": "female", "nationality": "AL", "feared": ["AL"], "language": "Arbereshe",
            "name": "Tamsin Brackwater", "born": "1963-02-11", "phone": "+351 913 345 672", "stay": "Ostrel Yard 9"},
}
OWN = {
    GIRL: ("girl", "Gagauz", "Moldova", *planted.CHILD.split(), planted.BORN_AS_STORED, "912 345 671", "Dunmarrow"),
    WOMAN: ("woman", "Arbereshe", "Albania", "Tamsin", "Brackwater", "1963-02-11", "913 345 672", "Ostrel"),
}
"""What a page says of one of them alone."""

SIGN = indicators()["documents.held_by_other"].label
OF_ALL = ("Morvane", "Kestrin", "Falmora", "Quorvy", "Brindel", "Selwick", "Thornby", "Wendrith", "Corvin",
          "labour", SIGN)
"""What a page says of both together: the responder's words, wishes, signs, decisions, what was added."""

LINES = {GIRL: "girl, about 14", WOMAN: "woman, about 63"}
"""How the desk calls them."""

LOOKED_FOR = {route: (str(one["name"]), str(one["born"]), str(one["phone"])) for route, one in PEOPLE.items()}
"""What each of them is found by."""


def mixed_case(*, sent: bool = True) -> Sample:
    """Make such a case; one that was sent is accepted, too."""
    sample = make_case(writing, sent=sent, text="Morvane: she sells her at the weir", people=list(PEOPLE.values()),
                       values={"fear": "fear", "wishes": "Kestrin", "home_secrets": "Falmora", "tonight": "Quorvy",
                               "more": "Brindel", "measures": "Selwick", "exploitation": ["labour"],
                               "place": "Ustrel Halt", "adult_name": "Corvin Ashgrove"})
    with writing() as session:
        reports.amend(session, sample.report, "Wendrith", "responder", True, None)
        if sent:
            case = session.get(Case, sample.case)
            case.decision, case.decision_reason = "accept", "Thornby"
    return sample
