"""DKIM keys: one or more for each domain that a workspace sends from, and what their records in the DNS must say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN = re.compile(rf"{_SELECTOR.pattern}(?:\.{_SELECTOR.pattern})+")
_LONGEST_STRING = 255  # octets of one string of a TXT record (RFC 1035, 3.3)
_BLANKS = re.compile(r"\s+")


class Algorithm(StrEnum):
    """What a key signs with: RSA of 3072 bits (RFC 6376), which every receiver checks, or Ed25519 (RFC 8463)."""

    RSA = "rsa"
    ED25519 = "ed25519"


class KeyState(StrEnum):
    """A key is waiting until its record was seen in the DNS, then active, and retired in the end."""

    WAITING = "waiting"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A key of one workspace for one domain. The newest active one of a domain signs.

    `domain` is in A-labels and lower case. `private_key` is encrypted (services/dkim.py), and empty once the key is retired.
    """

    domain: str
    selector: str
    algorithm: Algorithm
    private_key: bytes = field(repr=False)
    public_record: str
    created_at: datetime
    activated_at: datetime | None = None
    retired_at: datetime | None = None

    @property
    def name(self) -> str:
        """Where its record stands in the DNS (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def state(self) -> KeyState:
        """Whether it signs."""
        if self.retired_at is not None:
            return KeyState.RETIRED
        return KeyState.WAITING if self.activated_at is None else KeyState.ACTIVE

    @property
    def zone_line(self) -> str:
        """Its record as a line of a zone file."""
        return zone_line(self.name, self.public_record)


def selector_complaint(value: str) -> str | None:
    """Tell what is wrong with `value` as a selector, or None."""
    if _SELECTOR.fullmatch(value):
        return None
    return "use up to 63 of a-z, 0-9 and hyphens, no hyphen at the ends"


def is_domain(value: str) -> bool:
    """Tell whether `value` can be the domain of a signature: two labels or more, in A-labels and lower case."""
    return len(value) <= 253 and _DOMAIN.fullmatch(value) is not None


def zone_line(name: str, text: str) -> str:
    """Return a TXT record as a line of a zone file, in as many strings as it needs (RFC 1035, 3.3.14 and 5.1)."""
    pieces = [text[start : start + _LONGEST_STRING] for start in range(0, len(text), _LONGEST_STRING)]
    escaped = (piece.replace("\\", "\\\\").replace('"', '\\"') for piece in pieces)
    return f"{name}. IN TXT " + " ".join(f'"{piece}"' for piece in escaped)


def tags(text: str) -> dict[str, str] | None:
    """Return the tags of a tag list in order (RFC 6376, 3.2), or None if it is none or has a tag twice."""
    found: dict[str, str] = {}
    for tag in text.strip().removesuffix(";").split(";"):
        name, equals, value = tag.partition("=")
        if not equals or not name.strip() or name.strip() in found:
            return None
        found[name.strip()] = value.strip()
    return found


def record_complaint(records: Sequence[str], key: DkimKey) -> str | None:
    """Tell what is wrong with the TXT records found at the name of `key`, or None if signatures can be checked by them."""
    if not records:
        return "there is no record"
    if len(records) > 1:
        return f"there are {len(records)} records, and receivers may take any of them"
    found = tags(records[0])
    if found is None or found.get("v", "DKIM1") != "DKIM1" or "v" in list(found)[1:]:
        return "the record is no DKIM key"
    if _BLANKS.sub("", found.get("p", "")) != (tags(key.public_record) or {})["p"]:
        return "the record holds another key"
    return _limit_complaint(found, key)


def _limit_complaint(found: dict[str, str], key: DkimKey) -> str | None:
    """Tell which tag of the record keeps its key from being used as we do (RFC 6376, 3.6.1)."""
    if found.get("k", "rsa") != key.algorithm.value:
        return f"the record says k={found.get('k', 'rsa')}"
    if "sha256" not in _listed(found, "h", "sha256"):
        return "the record allows other hashes only (h=)"
    if not {"*", "email"} & _listed(found, "s", "*"):
        return "the record is not for mail (s=)"
    if "y" in _listed(found, "t", ""):
        return "the record says that the key is only a trial (t=y)"
    return None


def _listed(found: dict[str, str], tag: str, default: str) -> set[str]:
    return {value.strip() for value in found.get(tag, default).split(":")}
