"""Meeting outcomes: the workspace's words for how a meeting went."""

from functools import partial

from tocsin.domain.accounts import Role
from tocsin.domain.model import OutcomeKind
from tocsin.schemas.fields import Name
from tocsin.schemas.outcomes import Color
from tocsin.services import outcomes
from tocsin.services.outcomes import DEFAULT_COLOR
from tocsin.web.fields import Form, Id
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class NewOutcome(Form):
    """What an outcome is called, and its colour."""

    name: Name
    color: Color = DEFAULT_COLOR


class Which(Form):
    """Which outcome is meant."""

    outcome: Id


def show(visit: Visit) -> Shown:
    """List the outcomes."""
    with visit.reading() as tx:
        found = outcomes.every(tx)
    return {"outcomes": [(one, one.kind is OutcomeKind.NO_SHOW) for one in found], "default_color": DEFAULT_COLOR}


def create(visit: Visit, form: NewOutcome) -> Answer:
    """Make an outcome."""
    visit.write(lambda tx: outcomes.create(tx, form.name, color=form.color, now=visit.now, chance=visit.app.chance))
    return Goto(to=_PATH, notice="added")


def delete(visit: Visit, form: Which) -> Answer:
    """Take an outcome off the list."""
    visit.write(lambda tx: outcomes.delete(tx, form.outcome, now=visit.now))
    return Goto(to=_PATH, notice="removed")


_PATH, _TEMPLATE = "/settings/outcomes", "settings/outcomes.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE),
    _deed(path=f"{_PATH}/create", view=create, form=NewOutcome),
    _deed(path=f"{_PATH}/delete", view=delete, form=Which),
]
