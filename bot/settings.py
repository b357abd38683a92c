"""Typed settings, read once from the environment and `.env`; the only place that knows their names."""
from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dotenv import load_dotenv

from bot.addresses import LOOPBACK, is_mailbox, is_safe_url

ROOT = Path(__file__).resolve().parent.parent


REFUSED = 78
"""Exit code of a start that is refused until somebody changes something (EX_CONFIG); it is not tried again."""


class UnsafeSetting(ValueError):
    """A setting is missing or would make the start unsafe; the message names it."""


@dataclass(frozen=True)
class MailServer:
    """The server that notices leave by.

    Args:
        host: its name.
        port: its port.
        tls: starttls, tls (from the first byte on) or none, which is for a server on this machine alone.
        user: name to sign in with; empty where it asks for none.
        password_file: file with that user's password, mode 0400.
        sender: address that notices come from.
    """

    host: str
    port: int
    tls: str
    user: str
    password_file: Path
    sender: str


@dataclass(frozen=True)
class Notices:
    """Whom notices go to; nobody where nothing is set.

    Args:
        mail: the server; None where no e-mail is sent.
        duty: mailboxes of the duty desk.
        supervisors: mailboxes that get the daily notice.
        webhook: address that takes the desk's notices as signed requests; empty for none.
    """

    mail: MailServer | None
    duty: tuple[str, ...]
    supervisors: tuple[str, ...]
    webhook: str


@dataclass(frozen=True)
class Settings:
    """What an installation may choose.

    Args:
        database_url: SQLAlchemy address of the database.
        secret: key of the keyed hashes (devices, tokens); at least 32 characters.
        profile: name of the country profile in `profiles/`.
        host: address that the web process listens on.
        port: its port; the public addresses are built from it.
        bot_sockets: Unix sockets of the bot processes, mode 0600; several only on PostgreSQL.
        models: folder of the trained model.
        backup_key: file with the key of the backups.
        key_file: file of the key-encryption keys, mode 0400.
        audit_heads: folder where the heads of the audit trail are kept, outside the database.
        behind_tls_proxy: whether a proxy in front ends TLS and names the caller's address; cookies are then Secure.
        log_level: DEBUG, INFO, WARNING or ERROR.
        notices: whom notices go to, and by which server.
        crash_at: point at which this process kills itself, as `point` or `point:which time`; empty but in crash tests.
    """

    database_url: str
    secret: str
    profile: str
    host: str
    port: int
    bot_sockets: tuple[Path, ...]
    models: Path
    backup_key: Path
    key_file: Path
    audit_heads: Path
    behind_tls_proxy: bool
    log_level: str
    notices: Notices
    crash_at: str


def _path(value: str) -> Path:
    return Path(value) if Path(value).is_absolute() else ROOT / value


def _audit_heads(environment: dict[str, str], url: str) -> Path:
    """Give the folder that is set; else one beside a database that is a file, or in `var`."""
    if chosen := environment.get("FIRSTLINE_AUDIT_HEADS"):
        return _path(chosen)
    if url.startswith("sqlite:////"):
        return Path(url.removeprefix("sqlite:///")).with_name("audit")
    return _path("var/audit")


def _number(environment: dict[str, str], name: str, default: str) -> int:
    try:
        return int(environment.get(name, default))
    except ValueError as error:
        raise UnsafeSetting(f"{name}: not a number") from error


def _mailboxes(environment: dict[str, str], name: str) -> tuple[str, ...]:
    named = tuple(one.strip() for one in environment.get(name, "").split(",") if one.strip())
    if not all(map(is_mailbox, named)):
        raise UnsafeSetting(f"{name}: not addresses such as duty@nfp.example, separated by commas")
    return named


def _notices(environment: dict[str, str]) -> Notices:
    mail = _mail_server(environment)
    duty = _mailboxes(environment, "FIRSTLINE_NOTICES_DUTY")
    supervisors = _mailboxes(environment, "FIRSTLINE_NOTICES_SUPERVISORS")
    # Who believes that notices go out, though they cannot, waits for them.
    if mail is None and (duty or supervisors):
        raise UnsafeSetting("FIRSTLINE_SMTP_HOST: missing, though the settings name mailboxes for notices")
    if mail is not None and not duty + supervisors:
        raise UnsafeSetting("FIRSTLINE_NOTICES_DUTY: names nobody, though FIRSTLINE_SMTP_HOST names a server")
    webhook = environment.get("FIRSTLINE_NOTICES_WEBHOOK", "")
    if webhook and not is_safe_url(webhook):
        raise UnsafeSetting("FIRSTLINE_NOTICES_WEBHOOK: https://... without a name, a password or a #part")
    return Notices(mail, duty, supervisors, webhook)


def _mail_server(environment: dict[str, str]) -> MailServer | None:
    host = environment.get("FIRSTLINE_SMTP_HOST", "")
    if not host:
        return None
    tls = environment.get("FIRSTLINE_SMTP_TLS", "starttls")
    if tls not in ("starttls", "tls") and not (tls == "none" and host in LOOPBACK):
        raise UnsafeSetting("FIRSTLINE_SMTP_TLS: starttls or tls; none is for a server on this machine alone")
    user = environment.get("FIRSTLINE_SMTP_USER", "")
    password_file = environment.get("FIRSTLINE_SMTP_PASSWORD_FILE", "var/keys/smtp")
    sender = environment.get("FIRSTLINE_SMTP_SENDER", "")
    if not is_mailbox(sender):
        raise UnsafeSetting("FIRSTLINE_SMTP_SENDER: not an address such as firstline@nfp.example")
    return MailServer(host, _number(environment, "FIRSTLINE_SMTP_PORT", "587"), tls, user, _path(password_file), sender)


def read_settings(environment: dict[str, str]) -> Settings:
    """Read the settings from an environment.

    Args:
        environment: names and values, as `os.environ` gives them.

    Returns:
        The settings.

    Raises:
        UnsafeSetting: a value is missing or unsafe.
    """
    secret = environment.get("FIRSTLINE_SECRET", "")
    if len(secret) < 32:
        raise UnsafeSetting("FIRSTLINE_SECRET: missing or shorter than 32 characters; `make run` writes one to .env")
    host = environment.get("FIRSTLINE_HOST", "127.0.0.1")
    behind_tls_proxy = environment.get("FIRSTLINE_BEHIND_TLS_PROXY", "no") == "yes"
    if host not in LOOPBACK and not behind_tls_proxy:
        raise UnsafeSetting("FIRSTLINE_HOST: an address other than loopback needs FIRSTLINE_BEHIND_TLS_PROXY=yes")
    port = _number(environment, "FIRSTLINE_PORT", "8080")
    log_level = environment.get("FIRSTLINE_LOG_LEVEL", "INFO")
    if log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise UnsafeSetting("FIRSTLINE_LOG_LEVEL: DEBUG, INFO, WARNING or ERROR")
    crash_at = environment.get("FIRSTLINE_CRASH_AT", "")
    if crash_at and environment.get("FIRSTLINE_CRASH_TEST") != "yes":
        raise UnsafeSetting("FIRSTLINE_CRASH_AT: kills this process on purpose; it is for crash tests alone")
    url = environment.get("FIRSTLINE_DATABASE_URL", "sqlite:///var/firstline.db")
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{ROOT / url.removeprefix('sqlite:///')}"
    sockets = tuple(_path(one.strip()) for one in environment.get("FIRSTLINE_BOT_SOCKET", "var/bot.sock").split(","))
    if len(sockets) > 1 and not url.startswith("postgresql"):
        raise UnsafeSetting("FIRSTLINE_BOT_SOCKET: several bot processes need PostgreSQL (FIRSTLINE_DATABASE_URL)")
    return Settings(
        database_url=url,
        secret=secret,
        profile=environment.get("FIRSTLINE_PROFILE", "default"),
        host=host,
        port=port,
        bot_sockets=sockets,
        models=_path(environment.get("FIRSTLINE_MODELS", "models")),
        backup_key=_path(environment.get("FIRSTLINE_BACKUP_KEY", "var/keys/backup")),
        key_file=_path(environment.get("FIRSTLINE_KEY_FILE", "var/key")),
        audit_heads=_audit_heads(environment, url),
        behind_tls_proxy=behind_tls_proxy,
        log_level=log_level,
        notices=_notices(environment),
        crash_at=crash_at,
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Give the settings of this process, `.env` included."""
    load_dotenv(ROOT / ".env")
    return read_settings(dict(os.environ))
