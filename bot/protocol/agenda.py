"""Which question comes next: the most urgent one that is not known, not asked, and fits the case."""
from __future__ import annotations

from bot.protocol.catalogue import Question, fields, questions
from bot.protocol.report import Data, entry_of, in_danger, signs_present, value
from bot.protocol.routes import presumed_child


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


def _due(question: Question, report: Data, full: bool) -> bool:
    if full or question.tier == "urgent":
        return True
    if in_danger(report) or report.get("hurry"):
        return question.even_in_danger
    adult = bool(report["persons"]) and not any(presumed_child(p) is not False for p in report["persons"])
    return (question.adult_tier if adult and question.adult_tier else question.tier) == "referral"


def _needed(question: Question, report: Data) -> bool:
    if question.id in report["asked"]:
        return False
    if question.id == "account":
        return not report["about_a_person"] and not report["account"]
    # Danger is asked outright even where a message already spoke of it.
    if question.id == "danger":
        return True
    if "no_signs" in question.only and (signs_present(report) or value(report, "exploitation")):
        return False
    return all(_open(report, field) for field in question.unless)


def _open(report: Data, field: str) -> bool:
    entry = entry_of(report, field)
    # What a message denied is not an answer to the question itself.
    return entry is None or (entry["status"] == "denied" and entry["source"] == "message")


def missing_labels(report: Data) -> list[str]:
    """Name what a receiver would want to know and does not, as labels of the record."""
    wanted = [q.field for q in questions().values() if q.field and q.tier != "full"]
    return [fields()[f].label for f in wanted if value(report, f) is None]
