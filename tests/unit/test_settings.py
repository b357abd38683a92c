"""Settings are typed, read in one place, and an unsafe one stops the start by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import settings as module
from bot.settings import ROOT, UnsafeSetting, read_settings
from bot.setup import write_settings

SECRET = {"FIRSTLINE_SECRET": "s" * 32}


def test_a_secret_is_all_that_is_needed() -> None:
    found = read_settings(SECRET)
    assert (found.host, found.port, found.profile, found.behind_tls_proxy) == ("127.0.0.1", 8080, "default", False)
    assert found.database_url == f"sqlite:///{ROOT}/var/firstline.db"
    assert found.bot_sockets == (ROOT / "var" / "bot.sock",)
    assert found.models == ROOT / "models"


@pytest.mark.parametrize("secret", [None, "", "hush", "s" * 31])
def test_no_start_without_a_secret(secret: str | None) -> None:
    with pytest.raises(UnsafeSetting, match="FIRSTLINE_SECRET") as stopped:
        read_settings({"FIRSTLINE_SECRET": secret} if secret is not None else {})
    # What was set is never shown.
    assert not secret or secret not in str(stopped.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example", ""])
def test_an_address_beyond_this_machine_needs_a_proxy_with_tls(host: str) -> None:
    with pytest.raises(UnsafeSetting, match="FIRSTLINE_HOST"):
        read_settings({**SECRET, "FIRSTLINE_HOST": host})
    for unsure in ("no", "true", "1", "Yes", ""):
        with pytest.raises(UnsafeSetting):
            read_settings({**SECRET, "FIRSTLINE_HOST": host, "FIRSTLINE_BEHIND_TLS_PROXY": unsure})
    behind = read_settings({**SECRET, "FIRSTLINE_HOST": host, "FIRSTLINE_BEHIND_TLS_PROXY": "yes"})
    assert behind.behind_tls_proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_needs_none(host: str) -> None:
    assert read_settings({**SECRET, "FIRSTLINE_HOST": host}).host == host


@pytest.mark.parametrize("port", ["", "http", "80a", "8080.5"])
def test_a_port_is_a_number(port: str) -> None:
    with pytest.raises(UnsafeSetting, match="FIRSTLINE_PORT"):
        read_settings({**SECRET, "FIRSTLINE_PORT": port})


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:///here.db", f"sqlite:///{ROOT}/here.db"),
        ("sqlite:////srv/firstline.db", "sqlite:////srv/firstline.db"),
        ("postgresql://localhost/firstline", "postgresql://localhost/firstline"),
    ],
)
def test_one_setting_names_the_database(url: str, wanted: str) -> None:
    assert read_settings({**SECRET, "FIRSTLINE_DATABASE_URL": url}).database_url == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, ROOT / "var/audit"),
        ({"FIRSTLINE_DATABASE_URL": "sqlite:////srv/firstline.db"}, Path("/srv/audit")),
        ({"FIRSTLINE_DATABASE_URL": "postgresql://localhost/firstline"}, ROOT / "var/audit"),
        ({"FIRSTLINE_DATABASE_URL": "sqlite:////srv/firstline.db", "FIRSTLINE_AUDIT_HEADS": "/mnt/heads"},
         Path("/mnt/heads")),
        ({"FIRSTLINE_AUDIT_HEADS": "heads"}, ROOT / "heads"),
    ],
)
def test_the_heads_lie_where_it_is_said_else_beside_the_database(given: dict[str, str], wanted: Path) -> None:
    assert read_settings({**SECRET, **given}).audit_heads == wanted


def test_paths_are_the_project_s_unless_absolute() -> None:
    found = read_settings(
        {**SECRET, "FIRSTLINE_MODELS": "elsewhere", "FIRSTLINE_BOT_SOCKET": "/run/firstline/bot.sock"}
    )
    assert (found.models, found.bot_sockets) == (ROOT / "elsewhere", (Path("/run/firstline/bot.sock"),))


@pytest.mark.parametrize("allowed", [{}, {"FIRSTLINE_CRASH_TEST": "no"}, {"FIRSTLINE_CRASH_TEST": ""}])
def test_a_process_that_would_kill_itself_does_not_start(allowed: dict[str, str]) -> None:
    crash = {**SECRET, "FIRSTLINE_CRASH_AT": "turn.committed"}
    with pytest.raises(UnsafeSetting, match="FIRSTLINE_CRASH_AT"):
        read_settings({**crash, **allowed})
    assert read_settings({**crash, "FIRSTLINE_CRASH_TEST": "yes"}).crash_at == "turn.committed"
    assert read_settings(SECRET).crash_at == ""


MAIL = {**SECRET, "FIRSTLINE_SMTP_HOST": "mail.example", "FIRSTLINE_SMTP_SENDER": "firstline@desk.example",
        "FIRSTLINE_NOTICES_DUTY": "duty@desk.example, night@desk.example"}


def test_notices_go_over_tls_unless_the_server_is_on_this_machine() -> None:
    found = read_settings(MAIL).notices
    assert found.mail and (found.mail.port, found.mail.tls) == (587, "starttls")
    assert found.duty == ("duty@desk.example", "night@desk.example") and found.supervisors == ()
    assert read_settings(SECRET).notices.mail is None
    for unsafe in ("none", "no", ""):
        with pytest.raises(UnsafeSetting, match="FIRSTLINE_SMTP_TLS"):
            read_settings({**MAIL, "FIRSTLINE_SMTP_TLS": unsafe})
    near = read_settings({**MAIL, "FIRSTLINE_SMTP_TLS": "none", "FIRSTLINE_SMTP_HOST": "localhost"})
    assert near.notices.mail and near.notices.mail.tls == "none"


@pytest.mark.parametrize(("name", "value"), [
    ("FIRSTLINE_SMTP_PORT", "smtp"),
    ("FIRSTLINE_SMTP_SENDER", ""),
    ("FIRSTLINE_SMTP_SENDER", "Firstline <firstline@desk.example>"),
    ("FIRSTLINE_SMTP_SENDER", "a@b.example\nBcc: c@d.example"),
    ("FIRSTLINE_SMTP_HOST", ""),
    ("FIRSTLINE_NOTICES_DUTY", ""),
    ("FIRSTLINE_NOTICES_DUTY", "duty"),
    ("FIRSTLINE_NOTICES_DUTY", "dünja@desk.example"),
    ("FIRSTLINE_NOTICES_SUPERVISORS", "a@b.example; c@d.example"),
    ("FIRSTLINE_NOTICES_WEBHOOK", "http://pager.example/in"),
    ("FIRSTLINE_NOTICES_WEBHOOK", "https://me:secret@pager.example/in"),
])
def test_notices_that_could_not_leave_or_would_leak_stop_the_start(name: str, value: str) -> None:
    with pytest.raises(UnsafeSetting, match=f"^{name}") as stopped:
        read_settings({**MAIL, name: value})
    assert "secret" not in str(stopped.value)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        read_settings(SECRET).port = 1  # type: ignore[misc]


def test_the_example_holds_every_setting_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    source = Path(module.__file__).read_text("utf-8")
    used = set(re.findall(r"FIRSTLINE_[A-Z_]+", source))
    written = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    # Where models lie is for tests and containers alone, and dying on purpose for crash tests.
    hidden = {"FIRSTLINE_MODELS", "FIRSTLINE_BOT_SOCKET", "FIRSTLINE_CRASH_AT", "FIRSTLINE_CRASH_TEST"}
    assert used - hidden == set(written)
    assert written["FIRSTLINE_SECRET"] == ""
    defaults = read_settings({**written, **SECRET})
    assert defaults == read_settings(SECRET)


def test_a_first_start_writes_a_secret_of_its_own_for_its_owner_alone(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    secrets = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / ".env.example").write_text(example, "utf-8")
        assert write_settings(folder)
        assert (folder / ".env").stat().st_mode & 0o777 == 0o600
        lines = dict(
            line.split("=", 1)
            for line in (folder / ".env").read_text("utf-8").splitlines()
            if "=" in line and not line.startswith("#")
        )
        assert read_settings(lines).secret
        secrets.append(lines["FIRSTLINE_SECRET"])
        before = (folder / ".env").read_bytes()
        assert not write_settings(folder)
        assert (folder / ".env").read_bytes() == before
    assert secrets[0] != secrets[1]
