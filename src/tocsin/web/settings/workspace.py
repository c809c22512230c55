"""The workspace itself: its name, time zone and language, and what a recipient's time looks like with them."""

from tocsin.domain.accounts import Role
from tocsin.formats import zones
from tocsin.schemas.fields import Locale
from tocsin.services import workspaces
from tocsin.services.overview import overview
from tocsin.web.fields import Form, Line, Zone
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Change(Form):
    """What the workspace is to be called, and where and in which language it is."""

    name: Line
    time_zone: Zone
    locale: Locale


def show(visit: Visit) -> Shown:
    """Show the workspace."""
    with visit.reading() as tx:
        found = overview(tx, time_zone=visit.workspace.time_zone, now=visit.now)
    return {
        "url": visit.app.settings.workspace_url(visit.workspace.subdomain),
        "example": visit.full(visit.now),
        "sent": found.today.counts["sent"],
        "zones": zone_names(),
    }


def change(visit: Visit, form: Change) -> Answer:
    """Change the workspace."""
    visit.write(lambda tx: workspaces.change(tx, name=form.name, time_zone=form.time_zone, locale=form.locale))
    return Goto(to="/settings", notice="saved")


def zone_names() -> list[str]:
    """Return all time zones, for a browser to complete."""
    return sorted(zones.ZONES)


_TEMPLATE = "settings/workspace.html"
PAGES = [
    Page(path="/settings", view=show, template=_TEMPLATE),
    Page(path="/settings/workspace", view=change, template=_TEMPLATE, method="POST", role=Role.ADMIN, form=Change,
         again=show),
]  # fmt: skip
