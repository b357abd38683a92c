"""docs/threat-model.md claims nothing without a test, and names no test that is not there."""
from __future__ import annotations

import ast
import re

import pytest

from bot.settings import ROOT

DOC = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
CLAIMS = [line for line in DOC.splitlines() if re.match(r"\| (?!---|who \||part \|)", line)]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_names_tests_that_are_there(claim: str) -> None:
    tests = NAMED.findall(claim.rstrip(" |").rpartition("|")[2])
    assert tests, "no test in the last column"
    for path, name in tests:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {one.name for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))}
        assert name.startswith("test_")


def test_every_part_and_attacker_has_its_row() -> None:
    first = "\n".join(claim.split("|")[1] for claim in CLAIMS)
    for part in ("phone", "web process", "bot process", "jobs", "database", "backup", "key", ".env", "log", "token",
                 "desk account", "paper", "controller", "stranger", "officer", "network"):
        assert part in first, part


def test_no_test_is_named_outside_the_claims_and_the_page_is_short() -> None:
    assert len(NAMED.findall(DOC)) == sum(len(NAMED.findall(claim)) for claim in CLAIMS)
    assert DOC.count("::") == len(NAMED.findall(DOC)), "a name that is no test"
    prose = re.sub(r"`tests/[^`]*`", "", DOC)
    assert len(prose.split()) <= 1100
