"""The life of a booking as far as it is known: what it was at each revision, and what its recipients answered when."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tocsin.domain.model import Booking
from tocsin.domain.rsvp import Rsvp


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that somebody gave to his invitation."""

    recipient: str
    rsvp: Rsvp
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """`states` are the booking at each revision that is known, the first first; the last is the present one."""

    states: tuple[Booking, ...]
    given: tuple[Given, ...] = ()

    @property
    def now(self) -> Booking:
        """The booking as it is."""
        return self.states[-1]

    @property
    def known_since(self) -> datetime | None:
        """From when on all that happened to it is known; None: from its making."""
        begins = self.states[0] if self.states[0].revision > 0 else None
        for before, after in pairwise(self.states):
            if after.revision != before.revision + 1:
                begins = after
        return None if begins is None else begins.updated_at

    def began(self, state: Booking) -> datetime:
        """Return when it came to be as `state`, which is one of its states.

        What is known first is taken to have been so from the making on.
        """
        return state.created_at if state.revision == self.states[0].revision else state.updated_at

    def at(self, moment: datetime) -> Booking:
        """Return the booking as it was at a moment, or as it was made if that came later."""
        begun = [state for state in self.states if self.began(state) <= moment]
        return begun[-1] if begun else self.states[0]
