"""The examples: labelled messages with the words that speak for each label, clauses for one label, questions."""
from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tokenizers import Tokenizer

from bot.protocol.catalogue import fields
from bot.protocol.counsel import counsel
from bot.protocol.indicators import ASSESSMENT_GROUPS
from bot.understanding.encoder import LONGEST
from bot.understanding.mentions import AGE, KINDS, NATIONALITY
from bot.understanding.text import sentences

HERE = Path(__file__).parent
GROUPS = [f"group.{name}" for name in sorted(ASSESSMENT_GROUPS)]
DENIED = [f"denied.{name}" for name in sorted(ASSESSMENT_GROUPS)]
FORMS = [f"form.{name}" for name in fields()["exploitation"].values if name != "unknown"]
FACTS = {
    "accompanied": [f"accompanied.{name}" for name in fields()["accompanied"].values],
    "documents": [f"documents.{name}" for name in fields()["documents"].values],
    "non_national": ["non_national.yes", "non_national.no"],
    "child": ["child.unclear", "child.no"],
    "gender": ["gender.female", "gender.male"],
}
FLAGS = ["danger", "missing", "asylum"]
WHOLE = ["about", "exploited", "home", "proven"]
"""Labels of a whole message: speaks of a person, of exploitation, of somebody settled in the responder's country, of a
child with parents or a guardian that nobody need doubt."""

LABELS = [*GROUPS, *DENIED, *FORMS, *FLAGS, *(label for listed in FACTS.values() for label in listed), *WHOLE, *KINDS]
PLACE = {label: number for number, label in enumerate(LABELS)}
ELSEWHERE, STORY = "-elsewhere", "-story"
ANSWERS = [*counsel(), ELSEWHERE, STORY]
SHORTEST_PIECE = 4
"""Words; fewer tell too little."""
CLAUSE_WEIGHT = 0.5
"""What a clause weighs against a message: it was written for its label alone."""

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass
class Row:
    """One example in numbers.

    Args:
        ids: word pieces.
        labels: 1 where a label holds.
        weights: how much each label of this example counts; 0 where it is not known.
        pieces: for each word piece 1 where it speaks for the label.
        marked: 1 for the labels whose words are known.
        asks: share of each answer that is asked for; all 0 where that is not known.
    """

    ids: list[int]
    labels: Array
    weights: Array
    pieces: Array
    marked: Array
    asks: Array


def sets(folder: Path) -> list[dict[str, Any]]:
    """Read the examples of a folder.

    Args:
        folder: `messages` or `questions`.

    Returns:
        The examples, each with the name of its file as `set`.
    """
    return [{**json.loads(line), "set": path.stem} for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_text("utf-8").splitlines()]


def labelled_messages() -> list[dict[str, Any]]:
    """Read the labelled messages."""
    return sets(HERE / "messages")


def asked_questions() -> list[dict[str, Any]]:
    """Read the questions: `id` of the answer, "" where none fits, null where nothing is asked, `also` others."""
    return sets(HERE / "questions")


class Rows:
    """Makes rows of examples.

    Args:
        tokenizer: cuts texts into word pieces.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def messages(self, told: Iterable[dict[str, Any]]) -> list[Row]:
        """Make rows of labelled messages."""
        return [self._message(one) for one in told]

    def pieces(self, told: Iterable[dict[str, Any]], draw: random.Random) -> list[Row]:
        """Make rows of beginnings and ends of labelled messages, as a story is told in two.

        Args:
            told: labelled messages.
            draw: chooses where a message is cut, and which part is kept.

        Returns:
            One row for each message of several sentences. A label of the whole holds for a piece where its words stand
            there; where they stand elsewhere, or are not marked, it is not known. What the whole lacks, a piece lacks.
        """
        found = []
        for one in told:
            borders = [sentence.start for sentence in sentences(one["text"])][1:]
            if not borders:
                continue
            border, first = draw.choice(borders), draw.random() < 0.5
            piece = one["text"][:border] if first else one["text"][border:]
            if len(piece.split()) < SHORTEST_PIECE:
                continue
            row = self._message({**one, "text": piece})
            unmarked = (row.labels > 0) & (row.pieces.sum(0) == 0)
            row.weights[unmarked] = 0
            found.append(row)
        return found

    def evaluated(self, cases: Iterable[dict[str, Any]]) -> list[Row]:
        """Make rows of cases of the evaluation's open half, whose words are not marked."""
        found = []
        for case in cases:
            gold = case["gold"]
            row = self._message({
                **gold, "text": "\n".join(case["messages"]), "why": {}, "route": gold["expected_route"],
                "groups": dict.fromkeys(gold["indicator_groups"], ()), "forms": dict.fromkeys(gold["exploitation"], ()),
                "denied": dict.fromkeys(case.get("denied", []), ()),
                "danger": gold["immediate_danger"], "missing": gold["missing_child"],
                "asylum": gold["asylum_or_fear_of_return"],
            })
            row.marked[: PLACE[AGE]] = 0
            for group in case.get("alt", {}).get("optional_indicators", []):
                row.weights[PLACE[f"group.{group}"]] = 0
            found.append(row)
        return found

    def clauses(self, folder: Path = HERE / "clauses") -> list[Row]:
        """Read the clauses, each for one label, for none of the groups and forms, or (`nothing`) for no flag either."""
        found = []
        for path in sorted(folder.glob("*.yml")):
            name = path.stem
            label = f"form.{name.removeprefix('form_')}" if name.startswith("form_") else f"group.{name}"
            for clause in yaml.safe_load(path.read_text("utf-8")):
                row = self._empty(str(clause))
                none = [*GROUPS, *FORMS, *(FLAGS if name == "nothing" else [])]
                known = [label] if label in PLACE else none
                for one in known:
                    row.labels[PLACE[one]] = label in PLACE
                    row.weights[PLACE[one]] = CLAUSE_WEIGHT
                found.append(row)
        return found

    def questions(self, asked: Iterable[dict[str, Any]]) -> list[Row]:
        """Make rows of questions."""
        found = []
        for entry in asked:
            wanted = {None: STORY, "": ELSEWHERE}.get(entry["id"], entry["id"])
            found.append(self._question(entry["q"], [wanted, *entry.get("also", [])]))
        return found

    def phrasings(self) -> list[Row]:
        """Make rows of the phrasings that stand beside the answers."""
        return [self._question(words, [entry.id]) for entry in counsel().values() for words in entry.phrasings]

    def _empty(self, text: str) -> Row:
        ids = self._tokenizer.encode(text).ids[:LONGEST]
        zeros = np.zeros(len(LABELS), np.float32)
        return Row(ids, zeros.copy(), zeros.copy(), np.zeros((len(ids), len(LABELS)), np.float32), zeros.copy(),
                   np.zeros(len(ANSWERS), np.float32))

    def _question(self, text: str, answers: list[str]) -> Row:
        row = self._empty(text)
        for answer in answers:
            if answer in ANSWERS:
                row.asks[ANSWERS.index(answer)] = 1
        row.asks /= max(1, row.asks.sum())
        return row

    def _message(self, told: dict[str, Any]) -> Row:
        row, words = self._empty(told["text"]), self._tokenizer.encode(told["text"])
        row.weights[:] = 1
        if "?" not in told["text"] and told["route"] != "out_of_scope":
            row.asks[ANSWERS.index(STORY)] = 1
        for label, quotes in _labels(told):
            row.labels[PLACE[label]] = 1
            for quote in quotes or ():
                row.marked[PLACE[label]] = 1
                start = told["text"].find(quote)
                while start >= 0:
                    end = start + len(quote)
                    for number, (first, last) in enumerate(words.offsets[:LONGEST]):
                        if first < end and start < last:
                            row.pieces[number, PLACE[label]] = 1
                    start = told["text"].find(quote, end)
        age = told["age"]
        self._mentioned(row, told["text"], AGE, set(age) if isinstance(age, list) else {age}, words.offsets[:LONGEST])
        self._mentioned(row, told["text"], NATIONALITY, {told["nationality"]}, words.offsets[:LONGEST])
        # Careful readers differ on these.
        row.weights[[PLACE[label] for label in told.get("unsure", ())]] = 0
        return row

    @staticmethod
    def _mentioned(row: Row, text: str, label: str, wanted: set[Any], offsets: list[tuple[int, int]]) -> None:
        """Mark the number or the country that is meant; where it stands nowhere, or a number twice, is not known."""
        if wanted == {None}:
            return
        said = [one for one in KINDS[label](text) if one.value in wanted]
        known = sorted(one.value for one in said) == sorted(wanted) if label == AGE else bool(said)
        row.labels[PLACE[label]] = row.marked[PLACE[label]] = 1
        row.weights[PLACE[label]] = known
        for number, (first, last) in enumerate(offsets):
            row.pieces[number, PLACE[label]] = any(first < one.end and one.start < last for one in said)


def _labels(told: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Give the labels that hold for a message, with the quotes that speak for them."""
    why = told["why"]
    yield from ((f"group.{name}", quotes) for name, quotes in told["groups"].items())
    yield from ((f"denied.{name}", quotes) for name, quotes in told["denied"].items())
    yield from ((f"form.{name}", quotes) for name, quotes in told["forms"].items() if name != "unknown")
    yield from ((name, why.get(name)) for name in FLAGS if told[name])
    for field, listed in FACTS.items():
        label = f"{field}.{told[field]}"
        if label in listed:
            yield label, why.get(field)
    if told["route"] != "out_of_scope":
        yield "about", None
    if told["forms"]:
        yield "exploited", None
    with_family = told["child"] == "yes" and told["accompanied"] == "with_adult_relative_claimed"
    if with_family and told["route"] in ("child_protection", "consult"):
        yield "proven", None
    at_home = told["route"] in ("child_protection", "consult") and told["non_national"] == "no"
    if told["route"] == "nrm_child" or at_home:
        yield "home", None
