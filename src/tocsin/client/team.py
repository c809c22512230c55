"""`client.members` and `client.outcomes`: who hosts, and how meetings ended."""

from collections.abc import Iterator, Sequence
from typing import cast

from tocsin.client.calls import Calls
from tocsin.client.shapes.members import Member, MemberChange, MembersIn
from tocsin.client.shapes.outcomes import Outcome, OutcomeChange, OutcomeIn


class Members(Calls):
    """Team members. Scopes: `links:read`, `links:write`."""

    __slots__ = ()

    def list(self, *, email: str | None = None) -> Iterator[Member]:
        """Yield the members by name."""
        return self._all("team_members", "/team-members", email=email)

    def show(self, member_id: str) -> Member:
        """Return a member."""
        return cast(Member, self._part("team_member", "GET", "/team-members/{id}", id=member_id))

    def add(self, members: MembersIn) -> Sequence[Member]:
        """Add members by their addresses."""
        return cast(Sequence[Member], self._part("team_members", "POST", "/team-members", body=members))

    def change(self, member_id: str, changes: MemberChange) -> Member:
        """Change what is given; the rest stays."""
        return cast(Member, self._part("team_member", "PATCH", "/team-members/{id}", body=changes, id=member_id))

    def remove(self, member_id: str) -> None:
        """Take a member off the list; bookings keep their hosts."""
        self._delete("/team-members/{id}", id=member_id)


class Outcomes(Calls):
    """Meeting outcomes. Scopes: `bookings:read`, `bookings:write`."""

    __slots__ = ()

    def list(self) -> Sequence[Outcome]:
        """Return all outcomes."""
        return cast(Sequence[Outcome], self._part("meeting_outcomes", "GET", "/meeting-outcomes"))

    def show(self, outcome_id: str) -> Outcome:
        """Return an outcome."""
        return cast(Outcome, self._part("meeting_outcome", "GET", "/meeting-outcomes/{id}", id=outcome_id))

    def create(self, outcome: OutcomeIn) -> Outcome:
        """Create an outcome, or bring a deleted one of its name back."""
        return cast(Outcome, self._part("meeting_outcome", "POST", "/meeting-outcomes", body=outcome))

    def change(self, outcome_id: str, changes: OutcomeChange) -> Outcome:
        """Change what is given; the rest stays."""
        found = self._part("meeting_outcome", "PATCH", "/meeting-outcomes/{id}", body=changes, id=outcome_id)
        return cast(Outcome, found)

    def delete(self, outcome_id: str) -> None:
        """Delete an outcome."""
        self._delete("/meeting-outcomes/{id}", id=outcome_id)
