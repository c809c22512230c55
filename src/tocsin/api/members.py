"""/team-members"""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.schemas.members import (
    AddedMembersAnswer,
    MemberAnswer,
    MemberChange,
    MemberOut,
    MembersAnswer,
    MembersIn,
    MembersQuery,
)
from tocsin.schemas.paging import listing
from tocsin.schemas.reading import read
from tocsin.services import members
from tocsin.services.ports import Transaction


def add(call: Call, sent: dict[str, object]) -> Reply:
    """Add team members by address."""
    wanted = read(MembersIn, sent)
    now, chance = call.app.clock(), call.app.chance

    def work(tx: Transaction) -> Reply:
        role = wanted.organization_role or "standard"
        added = [members.add(tx, email, role=role, now=now, chance=chance) for email in dict.fromkeys(wanted.emails)]
        return call.created(AddedMembersAnswer(team_members=[MemberOut.of(member) for member in added]).wire())

    return call.write(work)


def index(call: Call, query: MembersQuery) -> Reply:
    """List team members."""
    with call.reading() as tx:
        found, total = members.page(tx, query.page, email=query.email)
    return Reply(body=listing("team_members", [MemberOut.of(member) for member in found], total, query.page))


def show(call: Call) -> Reply:
    """Show a team member."""
    with call.reading() as tx:
        member = members.get(tx, call.path["id"])
    return Reply(body=MemberAnswer(team_member=MemberOut.of(member)).wire())


def update(call: Call, sent: dict[str, object]) -> Reply:
    """Change a team member's name, time zone or role."""
    wanted = read(MemberChange, sent)

    def work(tx: Transaction) -> Reply:
        member = members.update(
            tx, call.path["id"], name=wanted.name, time_zone=wanted.time_zone, role=wanted.organization_role
        )
        return Reply(body=MemberAnswer(team_member=MemberOut.of(member)).wire())

    return call.write(work)


def remove(call: Call) -> Reply:
    """Remove a team member."""

    def work(tx: Transaction) -> Reply:
        members.remove(tx, call.path["id"], now=call.app.clock())
        return Reply(status=204)

    return call.write(work)


_PATH = "/team-members"
_READ, _WRITE = Scope.LINKS_READ, Scope.LINKS_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List team members",
          query=MembersQuery, answer=MembersAnswer),
    Route(method="POST", path=_PATH, handler=add, scope=_WRITE, summary="Add team members",
          body=MembersIn, answer=AddedMembersAnswer, status=201),
    Route(method="GET", path=f"{_PATH}/{{id}}", handler=show, scope=_READ, summary="Show a team member",
          answer=MemberAnswer),
    Route(method="PATCH", path=f"{_PATH}/{{id}}", handler=update, scope=_WRITE, summary="Change a team member",
          body=MemberChange, answer=MemberAnswer),
    Route(method="DELETE", path=f"{_PATH}/{{id}}", handler=remove, scope=_WRITE, summary="Remove a team member",
          status=204),
]  # fmt: skip
