"""A source and the calls that came from it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

SourceId = NewType("SourceId", str)

LARGEST_CALL = 524_288  # octets
BODIES_KEPT_FOR = timedelta(days=30)
CALLS_KEPT_FOR = timedelta(days=180)
# When the other product is asked again that did not answer; after the last time the call has failed.
ASKED_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
MOST_SOURCES = 100  # of a workspace


class SourceKind(StrEnum):
    """Which product calls, in the words of the wire."""

    CAL_COM = "cal_com"
    CALENDLY = "calendly"
    EASY_APPOINTMENTS = "easy_appointments"
    ACUITY = "acuity"
    GENERIC = "generic"


class CallState(StrEnum):
    """What became of a call."""

    NEW = "new"  # the other product is asked for the rest first
    APPLIED = "applied"
    NOTHING_TO_DO = "nothing_to_do"
    NOT_UNDERSTOOD = "not_understood"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a source proves who it is, and how it is asked: opened from its box, and never shown."""

    secret: str
    header: str = ""
    api_url: str = ""
    user_id: str = ""
    api_token: str = ""

    def __repr__(self) -> str:
        return "Access(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Another scheduler that reports its bookings. `box` holds its secrets. `host_email` hosts what names no host."""

    id: SourceId
    kind: SourceKind
    name: str
    header: str
    api_url: str
    user_id: str
    host_email: str
    box: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundCall:
    """A call that came and was genuine. The same body again is the same call, `times` more often.

    `box` is its body, sealed; None once it was forgotten. `next_at` is when the other product is asked (again).
    """

    id: str
    source_id: SourceId
    digest: str
    box: bytes | None
    received_at: datetime
    last_at: datetime
    times: int
    state: CallState
    sentence: str
    tries: int = 0
    next_at: datetime | None = None
