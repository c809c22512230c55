"""Team members on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.domain.model import Member
from tocsin.schemas.fields import Address, Name, OptionalLine, Sent, Shown, Zone, plain
from tocsin.schemas.paging import PageQuery, Pagination


class MembersQuery(PageQuery):
    """Which members are wanted."""

    email: Annotated[str, Field(max_length=254), plain] = ""


class MembersIn(Sent):
    """Whom to add."""

    emails: Annotated[list[Address], Field(min_length=1, max_length=50)]
    organization_role: OptionalLine = "standard"


class MemberChange(Sent):
    """What to change of a member; what is left out stays."""

    name: Name | None = None
    time_zone: Zone | None = None
    organization_role: Name | None = None


class MemberOut(Shown):
    """A member."""

    id: str
    name: str
    email: str
    time_zone: str
    organization_role: str
    created_at: datetime

    @classmethod
    def of(cls, member: Member) -> Self:
        """Return `member` as it is shown."""
        return cls(
            id=member.id,
            name=member.name,
            email=member.email,
            time_zone=member.time_zone,
            organization_role=member.role,
            created_at=member.created_at,
        )


class MemberAnswer(Shown):
    """The answer to show and update."""

    team_member: MemberOut


class AddedMembersAnswer(Shown):
    """The answer to add."""

    team_members: list[MemberOut]


class MembersAnswer(Shown):
    """The answer to list."""

    team_members: list[MemberOut]
    pagination: Pagination
