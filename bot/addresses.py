"""What an address must be so that something may be sent there."""
from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that never leave this machine."""
LONGEST = 400


def is_safe_url(url: str) -> bool:
    """Tell whether something may be sent to a URL: https, or http on this machine; no name, password or #part in it."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return bool(safe and parts.hostname and not parts.username and not parts.fragment and len(url) <= LONGEST)


def is_mailbox(address: str) -> bool:
    """Tell whether a text is one plain address of e-mail, such as duty@nfp.example, that a header takes as it is."""
    try:
        parsed = Address(addr_spec=address)
    except (MessageError, ValueError, IndexError):
        return False
    return bool(parsed.domain and parsed.addr_spec == address and address.isascii() and len(address) <= LONGEST)
