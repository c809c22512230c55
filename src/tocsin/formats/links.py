"""Addresses in links: which are let through, and in what spelling.

A closed grammar, because what one program reads as part of the path another reads as the host: user-info, backslashes,
`//host` and relative links are all refused.
"""

import re
from functools import lru_cache
from urllib.parse import quote

_LONGEST = 2_048  # characters; what every mail reader and browser still takes
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?"
_WEB = re.compile(
    rf"https?://(?:{_HOST}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?(?:[/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?",
    re.IGNORECASE,
)
# One address, and no control character in disguise (`%0A`).
_MAIL = re.compile(rf"mailto:(?:[A-Za-z0-9.!$'*+_~\-]|%[2-9A-F][0-9A-F])+@{_HOST}", re.IGNORECASE)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def web(value: str) -> str:
    """Return `value` as a URI (RFC 3986) if it is a full http or https address without user-info, or else nothing.

    Letters beyond ASCII are percent-encoded in path, query and fragment, and refused in the host: a host is written there
    as its A-label, because look-alikes cannot hide in one.
    """
    uri = _uri(value)
    return uri if _WEB.fullmatch(uri) else ""


@lru_cache(maxsize=1024)  # a mail's links are looked at before and after the sanitiser
def link(value: str) -> str:
    """Return `value` as a link may hold it, or nothing: what `web` returns, or `mailto:` and one address.

    The query of a `mailto:` is cut off (RFC 6068, 7): it can add recipients and write the body.
    """
    if value.strip()[:7].lower() != "mailto:":
        return web(value)
    uri = _uri(value.partition("?")[0])
    return uri if _MAIL.fullmatch(uri) else ""


def mailto(address: str) -> str:
    """Return `address` as a `mailto:` URI; what a URI cannot hold, or gives a meaning, is percent-encoded (RFC 6068, 2)."""
    local, _, domain = address.rpartition("@")
    return "mailto:" + quote(local, safe="!$'*+") + "@" + domain


def _uri(value: str) -> str:
    trimmed = value.strip()
    if len(trimmed) > _LONGEST:
        return ""
    escaped = _LONE_PERCENT.sub("%25", trimmed) if "%" in trimmed else trimmed
    return escaped if escaped.isascii() else _NOT_ASCII.sub(lambda run: quote(run.group(), errors="replace"), escaped)
