"""What the assistant says next: play-back, advice, the next question, the summary. Pure: report in, replies out."""
from __future__ import annotations

from bot.protocol.advice import advice_now
from bot.protocol.agenda import missing_labels, next_question, open_questions, person_asked
from bot.protocol.answers import choices
from bot.protocol.catalogue import Question, fields, questions, text, texts
from bot.protocol.indicators import indicators
from bot.protocol.names import country_name, value_in_words
from bot.protocol.report import Data, in_danger, value
from bot.protocol.routes import Decision, closed_in_words, decide, firewall, presumed_child, title
from bot.protocol.wording import CHANGE, Line, Reply, Setting, fill, lines, person_in_words, whom

SEND, MORE, LATER, HUMAN, NEW = "#send", "#more", "#later", "#human", "#new"
GONE, ADD, STATUS, ROUTE = "#gone", "#add", "#status", "#route"
SAME, OTHER, PERSON, NOTED = "#same", "#other", "#person", "#noted"


def say(key: str, report: Data, setting: Setting, **more: object) -> Reply:
    """Say one of the texts of texts.yml, filled in."""
    return Reply(fill(texts()[key], report, setting, **more))


def play_back(report: Data, changed: list[str], not_understood: list[str], setting: Setting,
              about: Data | None = None) -> list[Reply]:
    """Show what a message was understood to say, each line to be tapped, and what was not understood.

    Args:
        report: the report after the message.
        changed: ids of the fields and signs that are new or changed.
        not_understood: sentences of which nothing was read.
        setting: what surrounds the turn.
        about: the one person that was asked about; of the others nothing is repeated.

    Returns:
        A few messages at most; in a discreet chat one word.
    """
    keys = set(changed)
    others = [p["id"] for p in report["persons"] if about is not None and p["id"] != about["id"]]
    shown = [line for line in lines(report)
             if line.key.split("@")[0] in keys and line.key.partition("@")[2] not in others]
    if report["discreet"]:
        return [say("understood_discreet", report, setting)] if shown else []
    replies = []
    if shown:
        replies.append(_listed(text("understood"), shown))
    if not_understood and shown:
        words = not_understood[0] if len(not_understood[0]) <= 120 else not_understood[0][:117] + "..."
        replies.append(say("kept_part", report, setting, words=words.replace("{", "(").replace("}", ")")))
    if "age_problem" in keys:
        replies.append(say(report["age_problem"], report, setting))
    if "taken_back" in keys:
        replies.append(say("taken_back", report, setting))
    return replies


def play_back_of(report: Data, persons: list[str]) -> list[Reply]:
    """Show what is noted of some of several persons, each line to be tapped."""
    shown = [line for line in lines(report) if line.key.partition("@")[2] in persons]
    return [_listed(text("understood"), shown)] if shown and not report["discreet"] else []


def _listed(head: str, shown: list[Line]) -> Reply:
    body = "\n".join(f"- {line.shown}" for line in shown)
    return Reply(f"{head}\n{body}", tuple((f"{CHANGE}{line.key}", line.shown) for line in shown))


def so_far(report: Data) -> list[Reply]:
    """List what is noted, each line to be tapped; nothing where nothing is."""
    shown = lines(report)
    return [_listed(text("so_far"), shown)] if shown else []


def advise(report: Data, setting: Setting) -> list[Reply]:
    """Say the advice that fits now, and remember that it was said.

    Args:
        report: the report; its `advised` is changed in place.
        setting: what surrounds the turn.

    Returns:
        One message, or none; in a discreet chat none.
    """
    if report["discreet"] or not report["about_a_person"]:
        return []
    now = advice_now(report, setting.here)
    report["advised"] += [a.id for a in now]
    if not now:
        return []
    return [Reply("\n".join(f"- {fill(a.say, report, setting)}" for a in now))]


def emergency(report: Data, setting: Setting) -> Reply:
    """Say the emergency number, which comes before everything else."""
    return say("emergency_discreet" if report["discreet"] else "emergency_now", report, setting)


def ask(report: Data, setting: Setting) -> list[Reply]:
    """Ask the next question, or show the summary when nothing is open.

    Args:
        report: the report; which question is open is noted in it.
        setting: what surrounds the turn.

    Returns:
        One message with its tap replies; for the summary the whole record first.
    """
    question = next_question(report)
    report["open"] = question.id if question else None
    report["open_person"] = person_asked(report, question) if question else None
    if question:
        person = ((HUMAN, text("human_title")),) if report.get("tongue") else ()
        return [Reply(_question_in_words(report, question, setting), (*choices(question, report), *person))]
    return summary(report, setting)


def _question_in_words(report: Data, question: Question, setting: Setting) -> str:
    words = question.short if report["discreet"] else question.ask
    meant = next((p for p in report["persons"] if p["id"] == report["open_person"]), None)
    if meant is None:
        return fill(words, report, setting)
    alone = {**report, "persons": [meant]}
    return f"{person_in_words(report, meant)}: {fill(words, alone, setting)}"


def decisions(report: Data, here: str) -> list[tuple[str, Decision]]:
    """Decide the route of each person.

    Returns:
        Pairs of how the person is called in the play-back, and the decision.
    """
    several = len(report["persons"]) > 1
    return [
        (person_in_words(report, person) if several else whom(report), decide(report, person, here))
        for person in report["persons"]
    ]


def summary(report: Data, setting: Setting) -> list[Reply]:
    """Show everything that will be sent, where it goes and why, and ask for the last word."""
    # Somebody who asked something in between has the summary on the screen already.
    brief = report["discreet"] or report.get("confirming")
    replies = [] if brief else [_listed(text("summary_title"), lines(report))]
    parts = [] if brief else _where_it_goes(report, setting)
    report["confirming"] = True
    consult = {d.route for _, d in decisions(report, setting.here)} <= {"consult"}
    taps = [(SEND, text("send_contact_title" if consult else "send_title"))]
    more = len(open_questions(report, full=True))
    if more:
        taps.append((MORE, text("more_title", count=more)))
    if report["discreet"]:
        taps.append((NOTED, text("noted_title")))
    if report["persons"]:
        taps.append((PERSON, text("person_title")))
    taps += [(LATER, text("later_title")), (HUMAN, text("human_title"))]
    replies.append(Reply("\n".join([*parts, text("ask_send")]), tuple(taps)))
    return replies


def _where_it_goes(report: Data, setting: Setting) -> list[str]:
    parts = []
    made = decisions(report, setting.here)
    for who, decision in made:
        rule = decision.rules[0]
        start = f"{who}: " if len(made) > 1 else ""
        parts.append(start + text("summary_route", title=decision.title, because=rule.text, source=rule.source))
    routes = {decision.route for _, decision in made}
    wall = firewall(report, setting.here)
    if any(presumed_child(p) is not False for p in report["persons"]) and (wall.standing or not wall.known):
        parts.append(text("summary_closed", closed=closed_in_words(wall)))
    if routes & {"nfp", "nrm_child"}:
        parts.append(fill(texts()["summary_child_protection"], report, setting))
    if in_danger(report):
        parts.append(text("summary_urgent"))
    if routes <= {"consult"}:
        parts.append(text("summary_consult"))
    missing = missing_labels(report)
    if missing:
        parts.append(text("summary_missing", labels=", ".join(missing).lower()))
    parts.append(text("summary_account"))
    if not setting.own and value(report, "country"):
        parts.append(text("route_only_numbers", country=country_name(str(value(report, "country"))),
                          profile=setting.profile.country))
    return parts


def explain_route(report: Data, setting: Setting) -> list[Reply]:
    """Explain the route by the rules that fired, each with its source."""
    made = decisions(report, setting.here)
    if not made:
        return [say("route_unknown", report, setting)]
    parts = [text("route_intro")]
    for who, decision in made:
        first, *others = decision.rules
        parts.append(text("route_line", who=who[0].upper() + who[1:], title=decision.title, because=first.text,
                          source=first.source))
        parts += [f"- {rule.text} ({rule.source})" for rule in others]
        if decision.route in ("nrm_child", "child_protection"):
            parts.append(text("route_national", title=title(decision.route)))
    return [Reply("\n".join(parts))]


def why(report: Data, setting: Setting) -> list[Reply]:
    """Say why the open question is asked, with its source."""
    question: Question | None = questions().get(report.get("open") or "")
    if question is None:
        return explain_route(report, setting) if report["persons"] else [say("why_nothing", report, setting)]
    return [Reply(text("why", why=question.why, source=question.source))]


def is_line(wanted: str) -> bool:
    """Tell whether words, or what follows `#change:`, name a line of the record."""
    return not wanted or _field_named(wanted.partition("@")[0]) is not None or wanted in indicators()


def _field_named(words: str) -> str | None:
    open_ones = [field for field in fields().values() if not field.private]
    by_words = {field.label.lower(): field.id for field in open_ones} | {field.id: field.id for field in open_ones}
    return by_words.get(words.strip().lower())


def change_line(report: Data, wanted: str, setting: Setting) -> list[Reply]:
    """Open a line of the play-back for change.

    Args:
        report: the report; the question that the line belongs to is opened again.
        wanted: what follows `#change:`, or the words that name the line; empty to choose from all.
        setting: what surrounds the turn.

    Returns:
        What to say before the question; nothing is changed by an unknown line.
    """
    field_id, _, person = wanted.partition("@")
    if field_id in indicators():
        # A sign that was tapped is wrong: it stays on record as denied, and never clears.
        label = indicators()[field_id].label
        if field_id in report["signs"]:
            report["signs"][field_id]["seen"] = "denied"
        return [Reply(f"{text('changed')} {label}: no.")]
    match = _field_named(field_id)
    if match is None:
        key = "change_unknown" if wanted else "change_which"
        return [_listed(text(key), lines(report))]
    report["reopened"] = fields()[match].ask
    report["reopened_person"] = person or None
    report["confirming"] = False
    return [say("change_asked", report, setting, label=fields()[match].label)]


def known(report: Data, field_id: str) -> str:
    """Put a known value of the report into words, for short lists; empty where it is not known."""
    found = value(report, field_id)
    return "" if found is None else value_in_words(field_id, found)
