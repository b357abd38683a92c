"""Sends one notice by e-mail; never without TLS beyond this machine, and says at which step it failed."""
from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from bot.notices import wording
from bot.notices.outbox import Letter
from bot.security.secret_file import read_line
from bot.settings import MailServer, UnsafeSetting

PATIENCE = 10.0
"""Seconds that the server has for each of its answers."""


class NotSent(Exception):
    """A notice did not leave.

    Args:
        step: at what it failed; one of `wording.STEPS`.
        error: kind of the failure, never what the other side said.
    """

    def __init__(self, step: str, error: str) -> None:
        super().__init__(f"{step}: {error}")
        self.step, self.error = step, error


def message_of(letter: Letter, sender: str) -> EmailMessage:
    """Write the e-mail; the same letter is the same e-mail, byte for byte.

    Args:
        letter: the notice.
        sender: address that it comes from.
    """
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, letter.address
    message["Subject"] = wording.subject(letter.priority)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(wording.body(letter.kind, letter.priority, letter.reference, letter.figures))
    return message


def check(server: MailServer | None) -> str:
    """Check that the password can be read.

    Args:
        server: from the settings.

    Returns:
        The password; empty where the server asks for none.

    Raises:
        UnsafeSetting: its file is missing, readable by others, or holds something else.
    """
    return read_line(server.password_file, "FIRSTLINE_SMTP_PASSWORD_FILE") if server and server.user else ""


def send(server: MailServer, letter: Letter) -> None:
    """Hand a notice to the server.

    Args:
        server: from the settings.
        letter: the notice.

    Raises:
        NotSent: the server did not take it, or did not say so.
    """
    step = "password"
    client: smtplib.SMTP | None = None
    try:
        password = check(server)
        step = "connect"
        client = _connect(server)
        if server.tls == "starttls":
            step = "tls"
            client.starttls(context=ssl.create_default_context())
        if server.user:
            step = "sign_in"
            client.login(server.user, password)
        step = "message"
        client.send_message(message_of(letter, server.sender), server.sender, [letter.address])
    except UnsafeSetting as error:
        raise NotSent(step, str(error)) from error
    except (OSError, UnicodeError, smtplib.SMTPException) as error:
        raise NotSent(_step_of(error, step), _kind_of(error)) from error
    finally:
        if client is not None:
            # It has the message already; how it says good-bye changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()


def _connect(server: MailServer) -> smtplib.SMTP:
    # The name of this machine is nobody's business.
    own_name = _domain(server.sender)
    if server.tls == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=PATIENCE,
                                context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, own_name, timeout=PATIENCE)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _step_of(error: Exception, step: str) -> str:
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return "sender"
    return "recipient" if isinstance(error, smtplib.SMTPRecipientsRefused) else step


def _kind_of(error: Exception) -> str:
    codes = [code for code, _ in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    code = codes[0] if codes else getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
