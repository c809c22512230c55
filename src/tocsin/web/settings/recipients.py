"""In which time zone and language an address is written to."""

from functools import partial

from tocsin.domain.accounts import Role
from tocsin.domain.recipients import RecipientSettings
from tocsin.formats import dates
from tocsin.schemas.fields import Address, Locale
from tocsin.services import recipients
from tocsin.services.ports import Page as Part
from tocsin.web.fields import Form, Line, Number, Zone
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.settings.workspace import zone_names
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Listed(Form):
    """Which part of the list is wanted."""

    page: Number = 1


class Setting(Form):
    """Zone, language, or both of an address, in the place of what was set."""

    address: Address
    time_zone: Zone | None = None
    locale: Locale | None = None


class Which(Form):
    """Which address is meant."""

    address: Line


def index(visit: Visit, which: Listed) -> Shown:
    """List what is set, by address."""
    with visit.reading() as tx:
        found, total = recipients.page(tx, Part(number=which.page, size=SHOWN))
    return {
        "recipients": found,
        "examples": {one.address: _example(visit, one) for one in found},
        "zones": zone_names(),
        "paging": Paging(path=_PATH, query=visit.query, number=which.page, total=total),
    }


def put(visit: Visit, form: Setting) -> Answer:
    """Set what an address is written to in."""
    visit.write(
        lambda tx: recipients.put(tx, form.address, time_zone=form.time_zone, locale=form.locale, now=visit.now)
    )
    return Goto(to=_PATH, notice="saved")


def remove(visit: Visit, form: Which) -> Answer:
    """Forget what is set for an address."""
    visit.write(lambda tx: recipients.remove(tx, form.address))
    return Goto(to=_PATH, notice="removed")


def _example(visit: Visit, one: RecipientSettings) -> str:
    own = visit.workspace
    return dates.moment(visit.now, one.time_zone or own.time_zone, one.locale or own.locale)


_PATH, _TEMPLATE = "/settings/recipients", "settings/recipients.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=lambda visit: index(visit, Listed()))
PAGES = [
    Page(path=_PATH, view=index, template=_TEMPLATE, query=Listed),
    _deed(path=f"{_PATH}/set", view=put, form=Setting),
    _deed(path=f"{_PATH}/remove", view=remove, form=Which),
]
