"""What was found out about a workspace's sender, and what a check makes of it."""

from dataclasses import dataclass
from enum import StrEnum

from tocsin.domain.dkim import DkimKey, record_complaint
from tocsin.domain.dmarc import Dmarc
from tocsin.domain.lookup import Lookup
from tocsin.domain.spf import Walk


class Grade(StrEnum):
    """How a check went. A warning is worth reading and is no failure."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How one check went, in a sentence with the remedy. `record` is the line to add to the zone, or empty."""

    name: str
    grade: Grade
    sentence: str
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenKey:
    """A DKIM key and what is at its name. `opens` tells whether its private half can be used with this secret."""

    key: DkimKey
    found: Lookup
    opens: bool = True

    @property
    def complaint(self) -> str | None:
        """Why signatures of this key cannot be checked, or None; None too if the DNS could not be asked."""
        return None if self.found.trouble else record_complaint(self.found.records, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the checks look at.

    `address` is From, ORGANIZER and envelope sender; `domain` its domain in A-labels. `relay` is the host that takes our
    messages, empty if that is this machine. `signing` is the key that signs, `waiting` the newest one that does not yet, and
    `elsewhere` the other domains for which the workspace has keys.
    """

    subdomain: str
    address: str
    domain: str
    relay: str
    spf: Walk
    dmarc: Dmarc
    mx: Lookup
    addresses: Lookup
    signing: SeenKey | None = None
    waiting: SeenKey | None = None
    elsewhere: tuple[str, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether messages leave with a signature of ours."""
        return self.signing is not None and self.signing.opens
