"""What somebody sets for himself: his password, and in which time zone and language he reads the pages."""

from tocsin.domain.errors import InvalidInputError
from tocsin.domain.passwords import SHORTEST_PASSWORD
from tocsin.formats.zones import ZONES
from tocsin.services import accounts, sessions
from tocsin.services.account_reading import set_reading
from tocsin.services.accounts import Credentials
from tocsin.web.fields import Form, Line
from tocsin.web.guard import door_of
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Chosen(Form):
    """A password, twice, because nobody sees what he types."""

    password: str
    repeat: str

    def must_agree(self) -> None:
        """Raise InvalidInputError if it was typed differently."""
        if self.password != self.repeat:
            raise InvalidInputError.of("repeat", "is not the same; type the new password again")


class Changed(Chosen):
    """A password in the place of the present one."""

    present: str


class Reading(Form):
    """Zone and language; what is left empty is the workspace's."""

    time_zone: Line | None = None
    locale: Line | None = None


def show(visit: Visit) -> Shown:
    """Show the forms, and where somebody is signed in."""
    with visit.reading() as tx:
        found = sessions.of(tx, visit.who, door_of(visit.app))
    return {
        "account": visit.who,
        "shortest": SHORTEST_PASSWORD,
        "zones": sorted(ZONES),
        "sessions": found,
        "is_fresh": visit.seated.is_fresh(visit.now),
        "setup": None,
        "picture": "",
        "recovery": [],
    }


def change_password(visit: Visit, form: Changed) -> Answer:
    """Change the password of whoever is signed in."""
    form.must_agree()
    given = Credentials(email=visit.who.email, password=form.present, seat=visit.seat)
    token = accounts.change_password(door_of(visit.app), visit.workspace, given, form.password)
    return Goto(to=_PATH, notice="password", token=token)


def read_in(visit: Visit, form: Reading) -> Answer:
    """Set zone and language of whoever is signed in."""
    visit.write(lambda tx: set_reading(tx, visit.who.email, time_zone=form.time_zone, locale=form.locale))
    return Goto(to=_PATH, notice="reading")


_PATH, _TEMPLATE = "/settings/me", "settings/me.html"
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE),
    Page(path=f"{_PATH}/reading", view=read_in, template=_TEMPLATE, method="POST", form=Reading, again=show),
    Page(path=f"{_PATH}/password", view=change_password, template=_TEMPLATE, method="POST", form=Changed, again=show),
]
