"""Scheduling links: what can be booked, with whom, for how long."""

from datetime import timedelta
from functools import partial
from typing import Any, Literal

from tocsin.domain.accounts import Role
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import LinkKind, SchedulingLink
from tocsin.schemas.fields import Name, Paragraphs, Url
from tocsin.schemas.links import LONGEST, Slug
from tocsin.services import links
from tocsin.services.links import LinkDraft
from tocsin.services.ports import Page as Part
from tocsin.web.fields import Addresses, Form, Line, Number, Ticked
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

_KINDS = {
    LinkKind.ONE_ON_ONE: "One host",
    LinkKind.ROUND_ROBIN: "One of the hosts, in turn",
    LinkKind.MULTIHOST: "All hosts together",
    LinkKind.GROUPED: "Many clients at once",
}


_BLANK: dict[str, Any] = {
    "name": "",
    "slug": "",
    "hosts": "",
    "duration": "30",
    "kind": LinkKind.ONE_ON_ONE.value,
    "description": "",
    "spot": "",
    "spot_details": "",
    "scheduling_url": "",
    "requires_approval": False,
    "is_disabled": False,
}


class Filters(Form):
    """Which links are wanted."""

    q: Line = ""
    page: Number = 1


class Link(Form):
    """All of a link. What is left empty is taken away."""

    name: Name
    slug: Slug
    hosts: Addresses
    duration: Number
    kind: Literal["one_on_one", "round_robin", "multihost", "grouped"] = "one_on_one"
    description: Paragraphs = ""
    spot: Line = ""
    spot_details: Line = ""
    scheduling_url: Url = ""
    requires_approval: Ticked = False
    is_disabled: Ticked = False

    def draft(self) -> LinkDraft:
        """Return the same in the services' words. Raises InvalidInputError for a meeting longer than a day."""
        if self.duration > LONGEST:
            raise InvalidInputError.of("duration", f"write at most {LONGEST} minutes, which is a day")
        given: dict[str, Any] = self.model_dump(exclude={"duration", "kind"})
        return LinkDraft(**given, duration=timedelta(minutes=self.duration), kind=LinkKind(self.kind))


def index(visit: Visit, filters: Filters) -> Shown:
    """List links."""
    with visit.reading() as tx:
        found, total = links.page(tx, Part(number=filters.page, size=SHOWN), search=filters.q)
    return {
        "links": found,
        "kinds": _KINDS,
        "filters": filters,
        "paging": Paging(path=_PATH, query=visit.query, number=filters.page, total=total),
    }


def blank(_visit: Visit) -> Shown:
    """Show the form of a new link."""
    return {"link": None, "values": _BLANK, "kind_options": _kind_options()}


def show(visit: Visit) -> Shown:
    """Show a link."""
    with visit.reading() as tx:
        link = links.get(tx, visit.path["id"])
    return {"link": link, "values": _values(link), "kind_options": _kind_options()}


def create(visit: Visit, form: Link) -> Answer:
    """Make a link."""
    draft = form.draft()
    visit.write(
        lambda tx: links.create(tx, draft, template_id=None, is_template=False, now=visit.now, chance=visit.app.chance)
    )
    return Goto(to=_PATH, notice="added")


def change(visit: Visit, form: Link) -> Answer:
    """Change a link."""
    draft, link_id = form.draft(), visit.path["id"]
    visit.write(lambda tx: links.update(tx, link_id, draft, is_template=False, now=visit.now, chance=visit.app.chance))
    return Goto(to=f"{_PATH}/{link_id}", notice="saved")


def delete(visit: Visit, _form: Form) -> Answer:
    """Take a link off the lists."""
    visit.write(lambda tx: links.delete(tx, visit.path["id"], now=visit.now))
    return Goto(to=_PATH, notice="link-deleted")


def _kind_options() -> list[tuple[str, str]]:
    return [(kind.value, words) for kind, words in _KINDS.items()]


def _values(link: SchedulingLink) -> dict[str, Any]:
    """Return a link as its form shows it."""
    return {
        "name": link.name,
        "slug": link.slug,
        "hosts": "\n".join(host.email for host in link.hosts),
        "duration": str(link.duration // timedelta(minutes=1)),
        "kind": link.kind.value,
        "description": link.description,
        "spot": link.spot,
        "spot_details": link.spot_details,
        "scheduling_url": link.scheduling_url,
        "requires_approval": link.requires_approval,
        "is_disabled": link.is_disabled,
    }


_PATH, _TEMPLATE = "/settings/links", "settings/link.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path=_PATH, view=index, template="settings/links.html", query=Filters),
    Page(path=f"{_PATH}/new", view=blank, template=_TEMPLATE, role=Role.ADMIN),
    _deed(path=f"{_PATH}/create", view=create, form=Link, again=blank),
    Page(path=f"{_PATH}/{{id}}", view=show, template=_TEMPLATE),
    _deed(path=f"{_PATH}/{{id}}/change", view=change, form=Link),
    _deed(path=f"{_PATH}/{{id}}/delete", view=delete),
]
