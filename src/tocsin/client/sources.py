"""`client.sources`: other schedulers that report bookings, and what they called."""

from collections.abc import Iterator, Sequence
from typing import Literal, cast

from tocsin.client.calls import Calls
from tocsin.client.shapes.sources import Call, FullCall, Look, NewSource, Source, SourceIn

CallState = Literal["new", "applied", "nothing_to_do", "not_understood", "failed"]


class Sources(Calls):
    """Sources. Scopes: `bookings:read`, `bookings:write`."""

    __slots__ = ()

    def list(self) -> Sequence[Source]:
        """Return all sources."""
        return cast(Sequence[Source], self._part("sources", "GET", "/sources"))

    def show(self, source_id: str) -> Source:
        """Return a source with what to paste where in the other product."""
        return cast(Source, self._part("source", "GET", "/sources/{id}", id=source_id))

    def create(self, source: SourceIn) -> NewSource:
        """Make a source; a secret that is made for it is in the answer, and nothing gives it again."""
        return cast(NewSource, self._part("source", "POST", "/sources", body=source))

    def delete(self, source_id: str) -> None:
        """Delete a source; the bookings that it reported stay."""
        self._delete("/sources/{id}", id=source_id)

    def look(self, source_id: str) -> Look:
        """Let a source look now for what no call has told."""
        return cast(Look, self._part("look", "POST", "/sources/{id}/look", id=source_id))

    def calls(self, source_id: str, *, state: CallState | None = None) -> Iterator[Call]:
        """Yield what a source called, and what became of it."""
        return self._all("calls", "/sources/{id}/calls", id=source_id, state=state)

    def call(self, source_id: str, call_id: str) -> FullCall:
        """Return a call with its body."""
        found = self._part("call", "GET", "/sources/{id}/calls/{call_id}", id=source_id, call_id=call_id)
        return cast(FullCall, found)

    def replay(self, source_id: str, call_id: str) -> Call:
        """Have a call read again."""
        found = self._part("call", "POST", "/sources/{id}/calls/{call_id}/replay", id=source_id, call_id=call_id)
        return cast(Call, found)
