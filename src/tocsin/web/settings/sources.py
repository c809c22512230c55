"""Sources: other schedulers that report bookings. What is to be pasted where, the secret once, and what came from them."""

from functools import partial
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tocsin.domain.accounts import Role
from tocsin.domain.sources.looks import EVERY
from tocsin.domain.sources.source import BODIES_KEPT_FOR, CallState, Source, SourceKind
from tocsin.formats.sources import FORMATS
from tocsin.schemas.reading import read
from tocsin.schemas.sources import SourceIn
from tocsin.services import source_calls, source_counts, source_looks, sources
from tocsin.services.ports import Page as Part
from tocsin.web.fields import Form, Line, Number
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

PRODUCTS = {
    SourceKind.CAL_COM: ("Cal.com", "and its self-hosted kin, by a webhook that you add there"),
    SourceKind.CALENDLY: ("Calendly", "from its Standard plan on, by a webhook that its API makes"),
    SourceKind.EASY_APPOINTMENTS: ("Easy!Appointments", "1.5 or later, by a webhook and a token of its API"),
    SourceKind.ACUITY: ("Acuity Scheduling", "by a webhook, its user id and its API key"),
    SourceKind.GENERIC: ("Your own program", "by calls that it signs"),
}
_Kinds = Literal["cal_com", "calendly", "easy_appointments", "acuity", "generic"]
_Secret = Annotated[str, BeforeValidator(lambda value: str(value).strip()), Field(max_length=500)]


class Chosen(Form):
    """Which product the new source is."""

    source: _Kinds = "cal_com"

    @property
    def kind(self) -> SourceKind:
        """The same in the services' words."""
        return SourceKind(self.source)


class NewSource(Form):
    """What a source is to be; which of these a product needs is its own."""

    name: Line = ""
    secret: _Secret = ""
    header: Line = ""
    api_url: Line = ""
    api_token: _Secret = ""
    user_id: Line = ""
    host_email: Line = ""

    def wanted(self, chosen: Chosen) -> SourceIn:
        """Return the same as the API takes it. Raises InvalidInputError."""
        given = {name: value for name, value in self.model_dump().items() if value}
        return read(SourceIn, {"source": chosen.source, "name": PRODUCTS[chosen.kind][0]} | given)


class Filters(Form):
    """Which calls of a source are wanted."""

    state: Literal["new", "applied", "nothing_to_do", "not_understood", "failed"] | None = None
    page: Number = 1


def index(visit: Visit) -> Shown:
    """List sources with what became of their latest calls."""
    with visit.reading() as tx:
        found = source_counts.counted(tx, now=visit.now)
    return {"sources": found, "products": PRODUCTS, "days": source_counts.DAYS}


def blank(_visit: Visit, chosen: Chosen) -> Shown:
    """Show the form of a new source, with the fields that its product needs."""
    form = FORMATS[chosen.kind]
    return {
        "kind": chosen.source,
        "product": PRODUCTS[chosen.kind][0],
        "wants": form.wants,
        "may": form.may,
        "makes_secret": form.makes_secret,
        "made": None,
    }


def create(visit: Visit, chosen: Chosen, form: NewSource) -> Shown:
    """Make a source; show what to paste where, and this once the secret that was made for it."""
    draft, app = form.wanted(chosen).draft, visit.app
    made, secret = visit.write(
        lambda tx: sources.create(
            tx, draft, secret=app.pepper, allowed=app.settings.webhook_allow, now=visit.now, chance=app.chance
        )
    )
    return blank(visit, chosen) | {"made": made, "secret": secret} | _instructions(visit, made)


def show(visit: Visit, filters: Filters) -> Shown:
    """Show a source: what to paste where, and what it called, the last first."""
    with visit.reading() as tx:
        source = sources.get(tx, visit.path["id"])
        wanted = Part(number=filters.page, size=SHOWN)
        found, total = source_calls.page(tx, source.id, wanted, state=filters.state or "")
        look = source_looks.of(tx, source)
    path = f"{_PATH}/{source.id}"
    return _instructions(visit, source) | {
        "source": source,
        "product": PRODUCTS[source.kind][0],
        "calls": found,
        "look": look,
        "every": EVERY.seconds // 60,
        "states": [state.value for state in CallState],
        "filters": filters,
        "kept_days": BODIES_KEPT_FOR.days,
        "paging": Paging(path=path, query=visit.query, number=filters.page, total=total),
    }


def look_now(visit: Visit, _form: Form) -> Answer:
    """Let a source look as soon as a worker can."""
    source_id = visit.path["id"]
    visit.write(lambda tx: source_looks.look_now(tx, source_id, now=visit.now))
    return Goto(to=f"{_PATH}/{source_id}", notice="source-looks")


def delete(visit: Visit, _form: Form) -> Answer:
    """Delete a source; the bookings that it reported stay."""
    visit.write(lambda tx: sources.delete(tx, visit.path["id"]))
    return Goto(to=_PATH, notice="source-deleted")


def _instructions(visit: Visit, source: Source) -> Shown:
    own, settings = visit.workspace, visit.app.settings
    base_url = settings.workspace_url(own.subdomain)
    url = sources.url_of(source, workspace_id=own.id, base_url=base_url, secret=visit.app.pepper)
    return {"url": url, "steps": sources.steps_of(source, url)}


def _new(visit: Visit) -> Shown:
    return blank(visit, Chosen.model_validate(visit.query))


_PATH, _NEW = "/settings/sources", "settings/new_source.html"
_TEMPLATE = "settings/source.html"
_deed = partial(Page, method="POST", role=Role.ADMIN)
PAGES = [
    Page(path=_PATH, view=index, template="settings/sources.html"),
    Page(path=f"{_PATH}/new", view=blank, template=_NEW, query=Chosen, role=Role.ADMIN),
    _deed(path=f"{_PATH}/create", view=create, template=_NEW, query=Chosen, form=NewSource, again=_new),
    Page(path=f"{_PATH}/{{id}}", view=show, template=_TEMPLATE, query=Filters),
    _deed(path=f"{_PATH}/{{id}}/look", view=look_now, template=_TEMPLATE, again=lambda visit: show(visit, Filters())),
    _deed(path=f"{_PATH}/{{id}}/delete", view=delete, template=_TEMPLATE, again=lambda visit: show(visit, Filters())),
]
