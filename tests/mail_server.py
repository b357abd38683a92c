"""A mail server on this machine, which takes what comes, refuses it, or is away.

Whatever reaches it stands in a file too, so that the search at the end of the run (`tests/planted.py`) sees it.
"""
from __future__ import annotations

import datetime
import ipaddress
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.planted import MAIL
from tests.system import free_port

USER, PASSWORD = "firstline", "over-a-safe-line-alone"


@dataclass
class MailServer:
    """The server and its mailboxes.

    Args:
        folder: where the files of its mails go.
        answers: what it says to the next messages; then it takes them.
        strangers: addresses that it does not know.
        tls: its certificate, where it offers TLS.
        implicit: True where it speaks TLS from the first byte on.
    """

    folder: Path
    answers: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    _running: Controller | None = None

    def start(self) -> None:
        """Come up, on the same port each time."""
        tls = {} if self.tls is None else (
            {"ssl_context": self.tls} if self.implicit else {"tls_context": self.tls, "require_starttls": True})
        self._running = Controller(self, hostname="127.0.0.1", port=self.port, authenticator=self._judge,
                                   auth_require_tls=not self.implicit, auth_required=self.tls is not None, **tls)
        self._running.start()

    def stop(self) -> None:
        """Go away."""
        if self._running is not None:
            self._running.stop()
        self._running = None

    def _judge(self, _server: Any, _session: Any, _envelope: Any, _how: str, given: LoginPassword) -> AuthResult:
        self.signed_in.append(given.login.decode())
        return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, name: str, said: list[str]) -> list[str]:
        session.host_name = name
        self.greeted.append(name)
        return said

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.strangers:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self._keep(envelope)
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.raw.append(envelope.content)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return answer

    def _keep(self, envelope: Any) -> None:
        """Write down what came, in bytes and as it reads, for words may be encoded on their way."""
        message = _read(envelope.content)
        parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
        (self.folder / f"{uuid.uuid4().hex}{MAIL}").write_bytes(b"\n".join([
            envelope.content, *(str(part).encode() for part in (envelope.mail_from, envelope.rcpt_tos,
                                                                *message.values(), *parts))]))

    def messages(self) -> list[EmailMessage]:
        """What was taken, oldest first."""
        return [_read(raw) for raw in self.raw]


def _read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)  # type: ignore[arg-type,return-value]


@contextmanager
def running(folder: Path) -> Iterator[MailServer]:
    """Give a server that runs.

    Args:
        folder: as for `MailServer`.
    """
    server = MailServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine.

    Args:
        folder: where its files go.

    Returns:
        What a server needs, and the file by which a client trusts it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - datetime.timedelta(days=1)).not_valid_after(at + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return context, public
