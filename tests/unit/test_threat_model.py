"""docs/threat-model.md claims nothing without a test, and names no test that is not there."""
from __future__ import annotations

import ast
import re
from typing import get_type_hints

import pytest

from bot.backups.copies import KEYS_FILE
from bot.settings import ROOT, MailServer, Settings
from tests.system import PARTS as PROCESSES

DOC = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
CLAIMS = [line for line in DOC.splitlines() if re.match(r"\| (?!---|who \||part \|)", line)]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

ATTACKERS = (
    "the controller, with the responder's phone in hand",
    "the same controller, who knows of a kept case",
    "a stranger on the net",
    "a stranger after Rasa's own doors",
    "a stranger's own page",
    "a stranger who polls the sign-in",
    "a corrupt officer",
    "a corrupt case manager",
    "a corrupt administrator",
    "the desk's network",
)
PARTS = (
    "the responder's phone, once reported",
    "the responder's browser",
    "an invitation's link",
    "an error page of the web process",
    "a taken-over bot, web or jobs process",
    "the bot process's socket",
    "the bot process's model file",
    "what the bot process says of itself",
    "the jobs' deliveries",
    "a notice, wherever its mail lies",
    "database file: devices, passwords, codes",
    "database file: what was told",
    "database file: the index",
    "the key file of the records",
    "an old backup, after record or transcript was erased",
    "database file: second factors",
    "database, to whoever writes",
    "a backup",
    "key file of the backups",
    "`keys.latest`",
    "folder of the audit heads",
    "file of the SMTP password",
    "`.env` with its secret",
    "logs",
    "the trail",
    "a channel's token",
    "a desk program's token",
    "desk account: its password",
    "an officer's phone",
    "a desk browser after signing out",
    "a receiver's paper",
)
OF_SETTINGS = {
    "database_url": "database file: what was told",
    "secret": "`.env` with its secret",
    "bot_sockets": "the bot process's socket",
    "models": "the bot process's model file",
    "backup_key": "key file of the backups",
    "key_file": "the key file of the records",
    "audit_heads": "folder of the audit heads",
    "password_file": "file of the SMTP password",
}
"""By field of the settings, the part that it names."""


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_names_tests_that_are_there(claim: str) -> None:
    tests = NAMED.findall(claim.rstrip(" |").rpartition("|")[2])
    assert tests, "no test in the last column"
    for path, name in tests:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {one.name for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))}
        assert name.startswith("test_")


def test_every_part_and_attacker_has_its_row_and_there_is_no_other() -> None:
    assert [claim.split("|")[1].strip() for claim in CLAIMS] == [*ATTACKERS, *PARTS]


def test_every_process_and_every_file_and_secret_of_the_settings_is_such_a_part() -> None:
    assert f"a taken-over {', '.join(PROCESSES[:-1])} or {PROCESSES[-1]} process" in PARTS
    named = {field for kind in (Settings, MailServer) for field, type_ in get_type_hints(kind).items()
             if "Path" in str(type_)}
    assert set(OF_SETTINGS) == named | {"secret", "database_url"} and set(OF_SETTINGS.values()) <= set(PARTS)
    assert f"`{KEYS_FILE}`" in PARTS


def test_no_test_is_named_outside_the_claims_and_the_page_is_short() -> None:
    assert len(NAMED.findall(DOC)) == sum(len(NAMED.findall(claim)) for claim in CLAIMS)
    assert DOC.count("::") == len(NAMED.findall(DOC)), "a name that is no test"
    prose = re.sub(r"`tests/[^`]*`", "", DOC)
    assert len(prose.split()) <= 1100
