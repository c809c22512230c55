"""What recipients answer to an invitation: an RSVP, or a proposal of another time (RFC 5546, 3.2.3 and 3.2.7)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.domain.text import ANSWER_LENGTH, normal, several_lines

MOST_ANSWERS = 10  # of one person about one booking that rules fire for


class Rsvp(StrEnum):
    """What somebody has said to an invitation; PARTSTAT in calendars (RFC 5545, 3.2.12)."""

    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    DELEGATED = "delegated"

    @classmethod
    def of_partstat(cls, value: str) -> "Rsvp":
        """Return what the PARTSTAT `value` says, in any case; one that is not known says nothing (RFC 5545, 3.2.12)."""
        word = value.strip().lower().replace("-", "_")
        return cls(word) if word in list(cls) else cls.NEEDS_ACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One attendee's answer as a mail tells it; whether it is to be believed is for others to find out.

    `uid` and `attendee`, an address, are as they were written. `sequence` and `stamp` (DTSTAMP, in UTC) are None where the
    mail says nothing of use. `comment` is what `comment()` returns.
    """

    uid: str
    attendee: str
    rsvp: Rsvp
    sequence: int | None = None
    stamp: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Another time that an attendee proposes, as a mail tells it. Times are in UTC, and it ends after it starts."""

    uid: str
    attendee: str
    starts_at: datetime
    ends_at: datetime
    comment: str = ""
    sequence: int | None = None
    stamp: datetime | None = None


def comment(value: str) -> str:
    """Return a stranger's words as they may be kept and shown: filtered, at most 500 characters, lines kept."""
    return several_lines(normal(value), limit=ANSWER_LENGTH)
