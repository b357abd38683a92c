"""Reports for tests, built through bot.protocol.report as actions and door build them."""

from __future__ import annotations

from typing import Any

from bot.protocol.catalogue import fields
from bot.protocol.profile import load_profile
from bot.protocol.report import Data, new_report, put
from bot.protocol.wording import Setting

SETTING = Setting(load_profile("default"), True, "QZ")
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
