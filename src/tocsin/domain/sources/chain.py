"""Bookings of a source that take each other's place are one booking here: which of them holds now, and what is waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.domain.model import BookingId, BookingStatus
from tocsin.domain.sources.news import Details, Known

# How long the other half of a reschedule is waited for: two calls that are sent together, by senders that try again.
GRACE = timedelta(minutes=2)
MOST = 100  # bookings in a chain


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """A booking as its source counts it. `booking_id` is ours, if there is one.

    `waits_until` is set when its other half is first found lacking, and stays. `told_at` is when something was told of it last.
    """

    id: str
    known: Known
    booking_id: BookingId | None = None
    waits_until: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Bookings that took each other's place, the first first. `is_whole`: what the first continues is known, or nothing."""

    links: tuple[External, ...]
    is_whole: bool

    @property
    def holding(self) -> External:
        """The booking that holds now: the last one, but one that still awaits approval leaves the former as it was."""
        decided = [one for one in self.links if one.known.status is not BookingStatus.AWAITING_APPROVAL]
        return (decided or self.links)[-1]

    @property
    def details(self) -> Details | None:
        """What is known of the booking that holds, or of the nearest before it."""
        past = self.links[: self.links.index(self.holding) + 1]
        return next((one.known.details.value for one in reversed(past) if one.known.details is not None), None)

    @property
    def uid(self) -> str:
        """What the source's own invitations call it: what they called it first."""
        return next((one.known.uid.value for one in self.links if one.known.uid is not None), "")

    @property
    def lacking(self) -> tuple[External, ...]:
        """The bookings whose other half did not come yet: what the first continues, or what continues the last.

        Once there is a booking of ours, what it continues may stay unknown.
        """
        is_ours = any(one.booking_id is not None for one in self.links)
        first = () if self.is_whole or is_ours else self.links[:1]
        last = self.links[-1:] if self.links[-1].known.was_moved else ()
        return first if first == last else first + last


def chain_of(found: Mapping[str, External], start: str) -> Chain:
    """Return the chain that `start` is part of. `found` holds all that is connected with it."""
    first = _first(found, start)
    links = [first]
    while len(links) < MOST and (after := _heir(found, links[-1].id)) is not None and after not in links:
        links.append(after)
    before = first.known.predecessor
    return Chain(links=tuple(links), is_whole=not before or before in found)


def _first(found: Mapping[str, External], start: str) -> External:
    seen: list[External] = [found[start]]
    while len(seen) < MOST and (before := found.get(seen[-1].known.predecessor)) is not None:
        # Of two that want the same place only one gets it; the other stands for itself.
        if before in seen or _heir(found, before.id) is not seen[-1]:
            break
        seen.append(before)
    return seen[-1]


def _heir(found: Mapping[str, External], external_id: str) -> External | None:
    heirs: Sequence[External] = [one for one in found.values() if one.known.predecessor == external_id]
    return min(heirs, key=lambda one: (one.known.continues.at, one.id) if one.known.continues else (), default=None)
