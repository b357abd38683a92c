"""Which question comes next: the most urgent one that is not known, not asked, and fits the case."""
from __future__ import annotations

from bot.protocol.catalogue import Question, fields, questions
from bot.protocol.report import Data, entry_of, in_danger, signs_present, value
from bot.protocol.routes import ADULT, STATED_FEAR, presumed_child


def next_question(report: Data) -> Question | None:
    """Choose the next question.

    Args:
        report: the report.

    Returns:
        The question; None when the summary can be shown.
    """
    if report.get("reopened"):
        return questions()[report["reopened"]]
    if report["age_problem"] and not report["age_problem_asked"]:
        return questions()["age"]
    return next(iter(open_questions(report)), None)


def open_questions(report: Data, full: bool | None = None) -> list[Question]:
    """Give the questions that are still open, in their order.

    Args:
        report: the report.
        full: also those that are offered and never forced; as the responder chose where None.
    """
    full = report["full"] if full is None else full
    return [q for q in questions().values() if _due(q, report, full) and _needed(q, report)]


def of_persons(question: Question) -> bool:
    """Tell whether a question is about persons, and not about the case."""
    return any(fields()[field].scope == "person" for field in (question.field, *question.unless) if field)


def person_asked(report: Data, question: Question) -> str | None:
    """Choose whom a question is put about.

    Args:
        report: the report.
        question: the next question.

    Returns:
        Id of one person, where the report has several and they are asked about one by one; None for all together.
    """
    if report.get("reopened") == question.id:
        chosen: str | None = report.get("reopened_person")
        return chosen
    if len(report["persons"]) < 2 or not of_persons(question):
        return None
    unasked = _unasked(report, question)
    # Of whom alone it is not known is named too, so that nobody wonders who is meant.
    return unasked[0]["id"] if unasked and (len(unasked) == 1 or _one_by_one(report, question)) else None


def differs_possible(report: Data, question: Question) -> bool:
    """Tell whether "differs: one by one" is among the replies: several persons, asked about together."""
    together = of_persons(question) and not report.get("reopened") and person_asked(report, question) is None
    return together and len(persons_meant(report, question)) > 1


def persons_meant(report: Data, question: Question, person_id: str | None = None) -> list[Data]:
    """Give the persons for whom an answer holds.

    Args:
        report: the report.
        question: what is answered.
        person_id: the one person that it was put about; None where it was put about all.

    Returns:
        Those whom the question fits; of several, those of whom it is not known yet, else all of them.
    """
    if person_id is not None:
        return [p for p in report["persons"] if p["id"] == person_id]
    fitting = [p for p in report["persons"] if _fits(question, p)]
    return [p for p in fitting if _open_for(report, question, p)] or fitting


def asked_key(question: Question, person_id: str | None) -> str:
    """Give what stands in `asked` for a question that was put about one person, or about all (None)."""
    return f"{question.id}@{person_id}" if person_id else question.id


def _one_by_one(report: Data, question: Question) -> bool:
    several = len(report["persons"]) > 1 and of_persons(question)
    return several and (question.each or question.id in report.get("differs", ()))


def _unasked(report: Data, question: Question) -> list[Data]:
    return [p for p in report["persons"] if _fits(question, p) and _open_for(report, question, p)
            and asked_key(question, p["id"]) not in report["asked"]]


def _fits(question: Question, person: Data) -> bool:
    child = presumed_child(person) is not False
    return (
        ("child" not in question.only or child) and ("adult" not in question.only or not child)
        and ("doubted" not in question.only or _doubted(person))
    )


def _doubted(person: Data) -> bool:
    """Tell whether somebody of an adult age was read as perhaps a child."""
    child, age = (person["values"].get(field) for field in ("child", "age"))
    if child is None or age is None or age["value"] is None:
        return False
    lowest = min(age["value"]) if isinstance(age["value"], list) else age["value"]
    return bool(child["value"] == "unclear" and child["source"] == "message" and lowest >= ADULT)


def _due(question: Question, report: Data, full: bool) -> bool:
    if full or question.tier == "urgent":
        return True
    if in_danger(report) or report.get("hurry"):
        return question.even_in_danger
    # The referral of a child does not wait for the consent of an adult beside them.
    if "adult" in question.only and any(presumed_child(person) is not False for person in report["persons"]):
        return False
    return question.tier == "referral"


def _needed(question: Question, report: Data) -> bool:
    if question.id in report["asked"] and not _one_by_one(report, question):
        return False
    if question.id == "account":
        return not report["about_a_person"] and not report["account"]
    # Danger is asked outright even where a message already spoke of it.
    if question.id == "danger":
        return True
    if not _conditions_hold(question, report):
        return False
    if of_persons(question) and report["persons"]:
        return bool(_unasked(report, question))
    return _open_for(report, question, None)


def _conditions_hold(question: Question, report: Data) -> bool:
    if "no_signs" in question.only and (signs_present(report) or value(report, "exploitation")):
        return False
    if "fear" in question.only and value(report, "fear") not in STATED_FEAR:
        return False
    if "family_claimed" in question.only and value(report, "accompanied") != "with_adult_relative_claimed":
        return False
    # Nobody described is taken for a child.
    return any(_fits(question, person) for person in report["persons"] or [{"values": {}}])


def _open_for(report: Data, question: Question, person: Data | None) -> bool:
    return _between_the_lines(report, question, person) or all(_open(report, f, person) for f in question.unless)


def _between_the_lines(report: Data, question: Question, person: Data | None) -> bool:
    """Tell whether home or family were only read between the lines: too little to decide whose child this is."""
    entry = entry_of(report, question.field, person) if question.field in ("residence", "link_checked") else None
    if entry is None and question.field == "residence":
        nation = entry_of(report, "nationality", person)
        # A country that may be the nationality, or only the place.
        entry = nation if nation is not None and nation["value"] == value(report, "country") else None
    return entry is not None and entry["status"] == "hedged" and entry["source"] == "message"


def _open(report: Data, field: str, person: Data | None = None) -> bool:
    entry = entry_of(report, field, person)
    if entry is None:
        return True
    # What a message denied, or left open, is not an answer to the question itself.
    left_open = entry["status"] == "denied" or (field == "child" and entry["value"] == "unclear")
    return bool(left_open and entry["source"] == "message")


def missing_labels(report: Data) -> list[str]:
    """Name what a receiver would want to know and does not, as labels of the record."""
    wanted = [q for q in questions().values() if q.field and q.tier != "full" and _conditions_hold(q, report)]
    found = []
    for question in wanted:
        about = [p for p in report["persons"] if _fits(question, p)] if of_persons(question) else [None]
        if any(value(report, str(question.field), person) is None for person in about or [None]):
            found.append(fields()[str(question.field)].label)
    return found
