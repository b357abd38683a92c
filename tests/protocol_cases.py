"""Reports for the protocol's tests, built through bot.protocol.report as actions and door build them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bot.protocol.catalogue import fields
from bot.protocol.indicators import indicators
from bot.protocol.profile import load_profile
from bot.protocol.report import Data, new_report, put
from bot.protocol.wording import Setting

HERE = "QZ"
SETTING = Setting(load_profile("default"), True, HERE)
SIGN = "documents.held_by_other"


def case(*people: dict[str, Any], signs: tuple[str, ...] = (), source: str = "answer", **values: Any) -> Data:
    """Make a report: one dict of values a person (`count` too), and values of the report."""
    report = new_report()
    for one in people:
        person: Data = {"id": f"p{len(report['persons']) + 1}", "count": one.get("count", 1), "values": {}}
        report["persons"].append(person)
        for field, new in one.items():
            if field != "count":
                put(report, field, new, source=source, words="said", person=person)
    for field, new in values.items():
        assert fields()[field].scope == "report"
        put(report, field, new, source=source, words="said")
    for sign in signs:
        report["signs"][sign] = {"seen": "observed", "words": "said", "sure": True}
    report["about_a_person"] = bool(people)
    return report


CHILD = {"age": 14, "child": "yes"}
ADULT = {"age": 31, "child": "no"}
CASES = {
    "one child": case(CHILD),
    "several children": case({**CHILD, "count": 3}),
    "children apart": case(CHILD, {"age": 9, "child": "yes"}),
    "an adult": case(ADULT),
    "nobody": case(),
}


def person(report: Data, **values: Any) -> Data:
    """Add a person with these values."""
    one: Data = {"id": f"p{len(report['persons']) + 1}", "count": 1, "values": {}}
    report["persons"].append(one)
    for field, new in values.items():
        put(report, field, new, source="message", words="said", person=one)
    return one


_SIGNS = st.dictionaries(
    st.sampled_from(sorted(indicators())),
    st.sampled_from(["observed", "told_by_child", "suspected", "denied"]),
    max_size=4,
)
_COUNTRY = st.sampled_from([HERE, "MD", "SY", "unknown", None])


def _of(field: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, "unknown", "not_safe", *fields()[field].values])


@st.composite
def _age(draw: st.DrawFn) -> Any:
    low = draw(st.integers(0, 60))
    return draw(st.sampled_from([None, "unknown", low, [low, low + draw(st.integers(0, 9))]]))


@st.composite
def reports(draw: st.DrawFn) -> Data:
    report = new_report()
    for _ in range(draw(st.integers(1, 3))):
        values = {"age": draw(_age()), "nationality": draw(_COUNTRY), "residence_country": draw(_COUNTRY)}
        values |= {f: draw(_of(f)) for f in ("child", "residence", "documents")}
        person(report, **{f: v for f, v in values.items() if v is not None})
    for field in ("danger", "missing", "accompanied", "link_checked", "fear", "told", "offences", "role"):
        new = draw(_of(field))
        if new is not None:
            put(report, field, new, source=draw(st.sampled_from(["message", "answer"])), words="said")
    forms = draw(st.lists(st.sampled_from(list(fields()["exploitation"].values)), unique=True, max_size=2))
    if forms:
        put(report, "exploitation", forms, source="message", words="said")
    for sign, seen in draw(_SIGNS).items():
        report["signs"][sign] = {"seen": seen, "words": "said", "sure": True}
    return report
