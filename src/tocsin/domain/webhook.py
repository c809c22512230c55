"""Calling webhooks: which addresses may be called at all, and what calls are signed with (Standard Webhooks 1.0).

A rule is written by somebody of a workspace, and the server that carries it out stands where he does not: beside databases,
printers and cloud metadata. So only what is public is called, and what an operator allows by name.
"""

import base64
import hmac
import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_URL = 2_000  # characters
# For so long a former secret signs too, so that whoever checks can change over without losing a call.
OVERLAP = timedelta(hours=24)
MOST_SECRETS = 5  # that sign a call
_SHAPE = re.compile(
    r"""(?P<origin>(?P<scheme>https?)://(?P<host>[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?)(?P<target>[/?][!"$-\[\]-~]*)?""",
    re.IGNORECASE | re.ASCII,
)
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII
)
# Networks of which versions of Python differ, or that carry an address of another kind inside (RFC 6890, 4291, 6052, 3056).
_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
         "2001::/23", "2002::/16", "fec0::/10"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """One of the secrets for calls of a URL: they are counted from 1. The one before it was good until it was made."""

    generation: int
    made_at: datetime


def signing_secrets(
    made: Sequence[WebhookSecret], *, workspace_id: str, url: str, secret: bytes, now: datetime
) -> tuple[str, ...]:
    """Return what calls of a URL are signed with now, of those that were `made`, the latest first, at most MOST_SECRETS.

    Until there is one nobody can check a call.
    """
    replacing = [one.made_at for one in made]
    good = [one for one, replaced_at in zip(made[1:], replacing, strict=False) if now < replaced_at + OVERLAP]
    numbers = [one.generation for one in [*made[:1], *good]] or [0]
    return tuple(secret_text(workspace_id, url, number, secret=secret) for number in numbers[:MOST_SECRETS])


def secret_text(workspace_id: str, url: str, generation: int, *, secret: bytes) -> str:
    """Return one secret for a URL, as Standard Webhooks write it: it is made from the server's own, and kept nowhere."""
    about = "\0".join(("webhook", workspace_id, url, str(generation)))
    return f"whsec_{base64.b64encode(hmac.digest(secret, about.encode(), 'sha256')).decode()}"


def url_complaint(url: str, *, allowed: Collection[str] = ()) -> str | None:
    """Return what keeps a URL from being called, as a sentence that says what would be right, or None.

    `allowed` are origins that an operator opened, such as `http://n8n.internal:5678`; of others only public names on port 443.
    """
    if len(url) > LONGEST_URL:
        return f"is longer than {LONGEST_URL} characters"
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        return "is not the URL of a webhook; write one such as https://hooks.example.com/bookings, without user, #, or spaces"
    if shape["origin"].lower() in allowed:
        return None
    if not url.lower().startswith("https://"):
        return "must begin with https://"
    if shape["port"] not in (None, "443"):
        return "must be on port 443, that is, without a port"
    if _HOST.fullmatch(shape["host"].lower()) is None:
        return "must name a public host, such as hooks.example.com, and no address; write names with other letters as xn--…"
    return None


def parts(url: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and target (path and query) of a URL of which `url_complaint` has none. Raises ValueError."""
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise ValueError(f"{url!r} is no URL of a webhook")
    scheme, target = shape["scheme"].lower(), shape["target"] or "/"
    port = int(shape["port"] or _PORTS[scheme])
    return scheme, shape["host"].lower(), port, target if target.startswith("/") else f"/{target}"


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public network, and carries no other inside."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False  # with a scope, for instance
    is_closed = any(found.version == network.version and found in network for network in _CLOSED)
    return found.is_global and not (found.is_multicast or found.is_reserved or is_closed)
