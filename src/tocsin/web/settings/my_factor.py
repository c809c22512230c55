"""Somebody's own second factor: set up with an app, turned on with a code, and turned off."""

from functools import partial

from markupsafe import Markup

from tocsin.formats import one_time_codes
from tocsin.services import second_factor
from tocsin.services.second_factor import Setup
from tocsin.web.fields import Form, Line
from tocsin.web.guard import door_of
from tocsin.web.settings import me
from tocsin.web.settings.my_sessions import Proved, must_be_proved
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Code(Form):
    """The code that the app shows."""

    code: Line


def set_up(visit: Visit, form: Proved) -> Answer:
    """Make a key, and show it to be put into an app."""
    must_be_proved(visit, form)
    door = door_of(visit.app)
    return _with(visit, visit.write(lambda tx: second_factor.set_up(tx, door, visit.who.id, place=_place(visit))))


def confirm(visit: Visit, form: Code) -> Answer:
    """Turn it on, and show the recovery codes, this once."""
    door = door_of(visit.app)
    codes = visit.write(lambda tx: second_factor.confirm(tx, door, visit.who.id, form.code))
    return me.show(visit) | {"recovery": codes}


def confirm_again(visit: Visit) -> Shown:
    """Return what the page shows to who has typed a wrong code: the same key once more."""
    with visit.reading() as tx:
        setup = second_factor.pending(tx, door_of(visit.app), visit.who, place=_place(visit))
    return me.show(visit) if setup is None else _with(visit, setup)


def turn_off(visit: Visit, form: Proved) -> Answer:
    """Turn it off."""
    must_be_proved(visit, form)
    visit.write(lambda tx: second_factor.turn_off(tx, visit.who.id))
    return Goto(to=_PATH, notice="factor-off")


def _place(visit: Visit) -> str:
    return f"{visit.workspace.name} (Tocsin)"


def _with(visit: Visit, setup: Setup) -> Shown:
    # All of it is made by us of letters, digits and what is escaped in the address.
    picture = Markup(one_time_codes.picture_of(setup.address))  # noqa: S704
    return me.show(visit) | {"setup": setup, "picture": picture}


_PATH = "/settings/me"
_deed = partial(Page, method="POST", template="settings/me.html")
PAGES = [
    _deed(path=f"{_PATH}/factor/set-up", view=set_up, form=Proved, again=me.show),
    _deed(path=f"{_PATH}/factor/confirm", view=confirm, form=Code, again=confirm_again),
    _deed(path=f"{_PATH}/factor/turn-off", view=turn_off, form=Proved, again=me.show),
]
