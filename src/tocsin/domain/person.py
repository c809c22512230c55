"""A person who wants to be erased: where an address stands in a text, and what takes its place."""

import hmac
import json
import re

from tocsin.domain.model import WorkspaceId
from tocsin.domain.suppression import suppression_key

ERASED = "erased"  # in the place of a name
ERASED_DOMAIN = "erased.invalid"  # no mail can be sent there (RFC 6761, 6.4)
# An address that ends in this one is another's; a letter behind a backslash is JSON's way to write a line end.
_BEFORE = r"(?:(?<![\w.!#$%*+^`{}~-])|(?<=\\[nrtbf]))"
_BEHIND = r"(?![\w-]|\.\w)"


def tombstone(address: str, *, workspace_id: WorkspaceId, key: bytes) -> str:
    """Return what stands for `address` once it is erased: always the same, and nobody can find the address by it.

    So it stays known that somebody asked for no more messages.
    """
    text = f"person\n{workspace_id}\n{suppression_key(address)}"
    return f"erased-{hmac.digest(key, text.encode(), 'sha256').hex()[:32]}@{ERASED_DOMAIN}"


def finder(address: str) -> re.Pattern[str]:
    """Return what finds `address` in a text, however its letters are written, also in JSON and in addresses of pages."""
    spellings = sorted(
        {re.escape(one) for one in (address, json.dumps(address)[1:-1], _in_an_address_of_a_page(address))}
    )
    return re.compile(f"{_BEFORE}(?:{'|'.join(spellings)}){_BEHIND}", re.IGNORECASE)


def _in_an_address_of_a_page(text: str) -> str:
    """Return `text` percent-encoded (RFC 3986, 2.1)."""
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
    return "".join(char if char in plain else "".join(f"%{octet:02X}" for octet in char.encode()) for char in text)
