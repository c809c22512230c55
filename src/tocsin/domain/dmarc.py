"""DMARC: what a domain asks receivers to do with messages that neither SPF nor DKIM speaks for (RFC 7489).

The record is looked for at the domain and then at its parents; one at a public suffix may stand for all below it (RFC 9091).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tocsin.domain.dkim import tags
from tocsin.domain.lookup import Lookup

_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)")
_MOST_PARENT_LABELS = 4  # of names with many labels the middle is left out, so that few questions are asked


class Policy(StrEnum):
    """What is asked for."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dmarc:
    """What was found so far.

    `missing` is the name whose TXT records have to be asked for next. Once it is empty: `trouble` if the DNS could not be
    asked, a `complaint` if the record counts for nothing, and else the `policy`; None if there is no record. `domain` is
    where the record is. `is_strict`: SPF or DKIM must be of the very domain of From.
    """

    missing: str = ""
    trouble: str = ""
    complaint: str = ""
    domain: str = ""
    policy: Policy | None = None
    is_strict: bool = False


def name_of(domain: str) -> str:
    """Return where the record of `domain` stands."""
    return f"_dmarc.{domain}"


def read(domain: str, found: Mapping[str, Lookup]) -> Dmarc:
    """Return what applies to messages from `domain`, by the TXT records found so far, by name."""
    for place in _places(domain):
        lookup = found.get(name_of(place))
        if lookup is None:
            return Dmarc(missing=name_of(place))
        if lookup.trouble:
            return Dmarc(trouble=f"{name_of(place)}: {lookup.trouble}")
        texts = [text for text in lookup.records if _VERSION.match(text)]
        if len(texts) > 1:
            return Dmarc(domain=place, complaint=f"there are {len(texts)} DMARC records at {name_of(place)}")
        if texts:
            return _read(texts[0], place, is_parent=place != domain)
    return Dmarc()


def _places(domain: str) -> list[str]:
    labels = domain.split(".")
    parents = range(max(1, len(labels) - _MOST_PARENT_LABELS), len(labels) - 1)
    return [domain, *(".".join(labels[start:]) for start in parents)]


def _read(text: str, place: str, *, is_parent: bool) -> Dmarc:
    found = tags(text) or {}
    wanted = found.get("sp", found.get("p", "")) if is_parent else found.get("p", "")
    try:
        policy = Policy(wanted.lower())
    except ValueError:
        wrong = f"the DMARC record at {name_of(place)} says none of p=none, p=quarantine and p=reject"
        return Dmarc(domain=place, complaint=wrong)
    is_strict = any(found.get(tag, "r").lower() == "s" for tag in ("adkim", "aspf"))
    return Dmarc(domain=place, policy=policy, is_strict=is_strict)
