"""The first password of an account, or another one, by a link that an admin gave."""

from tocsin.domain.passwords import SHORTEST_PASSWORD
from tocsin.services import password_links
from tocsin.web.settings.me import Chosen
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


def show(visit: Visit) -> Shown:
    """Show the form of a link."""
    with visit.reading() as tx:
        account = password_links.read(tx, visit.path["token"], pepper=visit.app.pepper, now=visit.now)
    return {"account": account, "path": f"/password/{visit.path['token']}/choose", "shortest": SHORTEST_PASSWORD}


def choose(visit: Visit, form: Chosen) -> Answer:
    """Set the password of a link's account."""
    form.must_agree()
    app, token = visit.app, visit.path["token"]
    visit.write(
        lambda tx: password_links.use(tx, token, form.password, pepper=app.pepper, now=visit.now, chance=app.chance)
    )
    return Goto(to="/sign-in", notice="password-chosen")


_PATH, _TEMPLATE = "/password/{token}", "settings/first_password.html"
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE, role=None),
    Page(path=f"{_PATH}/choose", view=choose, template=_TEMPLATE, role=None, method="POST", form=Chosen, again=show),
]
