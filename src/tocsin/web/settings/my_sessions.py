"""Where somebody is signed in, and how he ends that elsewhere."""

from functools import partial

from tocsin.services import accounts, sessions
from tocsin.services.accounts import Credentials
from tocsin.services.ports import Transaction
from tocsin.web.fields import Form, Line
from tocsin.web.guard import door_of
from tocsin.web.settings import me
from tocsin.web.visit import Answer, Goto, Page, Visit


class Proved(Form):
    """The password again, from whoever has not signed in just now."""

    present: str = ""


class Which(Proved):
    """Which session is meant."""

    session: Line


def must_be_proved(visit: Visit, form: Proved) -> None:
    """Raise InvalidInputError for `present` unless whoever is signed in has shown lately, or shows now, who he is."""
    given = Credentials(email=visit.who.email, password=form.present, seat=visit.seat)
    accounts.must_be_proved(door_of(visit.app), visit.workspace, given, visit.seated)


def end(visit: Visit, form: Which) -> Answer:
    """End one session."""
    must_be_proved(visit, form)
    visit.write(lambda tx: sessions.end(tx, visit.who, form.session))
    return Goto(to=_PATH, notice="session-ended")


def end_others(visit: Visit, form: Proved) -> Answer:
    """End all sessions but this one."""
    must_be_proved(visit, form)

    def work(tx: Transaction) -> int:
        return sessions.end_others(tx, visit.who, visit.seated.name)

    visit.write(work)
    return Goto(to=_PATH, notice="sessions-ended")


_PATH = "/settings/me"
_deed = partial(Page, method="POST", template="settings/me.html", again=me.show)
PAGES = [
    _deed(path=f"{_PATH}/sessions/end", view=end, form=Which),
    _deed(path=f"{_PATH}/sessions/end-others", view=end_others, form=Proved),
]
