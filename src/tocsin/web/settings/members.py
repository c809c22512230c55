"""Members: the people of the workspace who host meetings."""

from functools import partial

from tocsin.domain.accounts import Role
from tocsin.schemas.fields import Address, Name
from tocsin.services import members
from tocsin.services.ports import Page as Part
from tocsin.services.ports import Transaction
from tocsin.web.fields import Form, Number, Zone
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.settings.workspace import zone_names
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Which(Form):
    """Which part of the list is wanted."""

    page: Number = 1


class NewMember(Form):
    """Who is to be a member. Without a name it is made from the address; without a zone it is the workspace's."""

    email: Address
    name: Name | None = None
    time_zone: Zone | None = None


class Change(Form):
    """What a member is to be called, and where he is."""

    name: Name
    time_zone: Zone


def index(visit: Visit, which: Which) -> Shown:
    """List members by name."""
    with visit.reading() as tx:
        found, total = members.page(tx, Part(number=which.page, size=SHOWN))
    return {
        "members": found,
        "zones": zone_names(),
        "paging": Paging(path=_PATH, query=visit.query, number=which.page, total=total),
    }


def show(visit: Visit) -> Shown:
    """Show a member."""
    with visit.reading() as tx:
        return {"member": members.get(tx, visit.path["id"]), "zones": zone_names()}


def add(visit: Visit, form: NewMember) -> Answer:
    """Add a member."""

    def work(tx: Transaction) -> None:
        member = members.add(tx, form.email, now=visit.now, chance=visit.app.chance)
        if form.name or form.time_zone:
            members.update(tx, member.id, name=form.name, time_zone=form.time_zone)

    visit.write(work)
    return Goto(to=_PATH, notice="added")


def change(visit: Visit, form: Change) -> Answer:
    """Change a member."""
    visit.write(lambda tx: members.update(tx, visit.path["id"], name=form.name, time_zone=form.time_zone))
    return Goto(to=f"{_PATH}/{visit.path['id']}", notice="saved")


def remove(visit: Visit, _form: Form) -> Answer:
    """Take a member off the list."""
    visit.write(lambda tx: members.remove(tx, visit.path["id"], now=visit.now))
    return Goto(to=_PATH, notice="removed")


_PATH, _TEMPLATE = "/settings/members", "settings/members.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template="settings/member.html", again=show)
PAGES = [
    Page(path=_PATH, view=index, template=_TEMPLATE, query=Which),
    Page(path=f"{_PATH}/add", view=add, template=_TEMPLATE, method="POST", role=Role.ADMIN, form=NewMember,
         again=lambda visit: index(visit, Which())),
    Page(path=f"{_PATH}/{{id}}", view=show, template="settings/member.html"),
    _deed(path=f"{_PATH}/{{id}}/change", view=change, form=Change),
    _deed(path=f"{_PATH}/{{id}}/remove", view=remove),
]  # fmt: skip
