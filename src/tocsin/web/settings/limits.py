"""Limits: which hold, how far they are used, and whether sending is paused. They are the operator's to set."""

from tocsin.services import limits
from tocsin.web.fields import Form, Line
from tocsin.web.visit import Page, Shown, Visit


class For(Form):
    """For whose address the limits to one recipient or domain are to be shown."""

    recipient: Line = ""


def show(visit: Visit, wanted: For) -> Shown:
    """Show the limits."""
    with visit.reading() as tx:
        own = tx.usage.overrides()
        uses = limits.uses(tx, visit.app.settings.limits, recipient=wanted.recipient, now=visit.now)
        pause = limits.pause_of(tx)
    return {
        "uses": [(use, getattr(own, use.limit.scope.value) is not None) for use in uses],
        "pause": pause,
        "recipient": wanted.recipient,
    }


PAGES = [Page(path="/settings/limits", view=show, template="settings/limits.html", query=For)]
