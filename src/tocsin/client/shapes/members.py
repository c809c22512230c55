"""Members: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.paging import Pagination


class MemberChange(TypedDict):
    """What to change of a member; what is left out stays."""

    name: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    organization_role: NotRequired[str | None]


class Member(TypedDict):
    """A member."""

    id: str
    name: str
    email: str
    time_zone: str
    organization_role: str
    created_at: str


class MembersIn(TypedDict):
    """Whom to add."""

    emails: list[str]
    organization_role: NotRequired[str]


class AddedMembersAnswer(TypedDict):
    """The answer to add."""

    team_members: list[Member]


class MemberAnswer(TypedDict):
    """The answer to show and update."""

    team_member: Member


class MembersAnswer(TypedDict):
    """The answer to list."""

    team_members: list[Member]
    pagination: Pagination
