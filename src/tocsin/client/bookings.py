"""`client.bookings`: made, moved, cancelled, and explained."""

from collections.abc import Iterator
from typing import Literal, cast

from tocsin.client.calls import Calls
from tocsin.client.shapes.bookings import Booking, BookingIn, BookingPatch
from tocsin.client.shapes.explain import ExplainAnswer


class Bookings(Calls):
    """Bookings. Scopes: `bookings:read`, `bookings:write`. Each is found by id or sid."""

    __slots__ = ()

    def list(
        self,
        *,
        type: Literal["upcoming", "past", "cancelled"] | None = None,  # noqa: A002  the API's word
        host_email: str | None = None,
        client_email: str | None = None,
        search: str | None = None,
        meeting_sid: str | None = None,
        starts_after: str | None = None,
        starts_before: str | None = None,
    ) -> Iterator[Booking]:
        """Yield the bookings that are wanted, the latest made first."""
        return self._all(
            "bookings",
            "/bookings",
            type=type,
            host_email=host_email,
            client_email=client_email,
            search=search,
            meeting_sid=meeting_sid,
            starts_after=starts_after,
            starts_before=starts_before,
        )

    def show(self, booking_id: str) -> Booking:
        """Return a booking."""
        return cast(Booking, self._part("booking", "GET", "/bookings/{id}", id=booking_id))

    def create(self, booking: BookingIn) -> Booking:
        """Make a booking, confirmed unless its link requires approval."""
        return cast(Booking, self._part("booking", "POST", "/bookings", body=booking))

    def change(self, booking_id: str, changes: BookingPatch) -> Booking:
        """Move, cancel, approve, reject or mark a booking."""
        return cast(Booking, self._part("booking", "PATCH", "/bookings/{id}", body=changes, id=booking_id))

    def cancel(self, booking_id: str, reason: str = "") -> Booking:
        """Cancel a booking."""
        return self.change(booking_id, {"status": "cancelled", "cancel_reason": reason})

    def explain(self, booking_id: str, *, rule_id: str | None = None, recipient: str | None = None) -> ExplainAnswer:
        """Return why each rule, or one, did or did not write about a booking, to everybody or one."""
        found = self._ask("GET", "/bookings/{id}/explain", id=booking_id, rule_id=rule_id, recipient=recipient)
        return cast(ExplainAnswer, found)
