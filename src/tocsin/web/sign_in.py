"""Signing in and out."""

from tocsin.services import accounts, sessions
from tocsin.services.accounts import Credentials
from tocsin.web.endpoint import local
from tocsin.web.fields import Form, Line
from tocsin.web.guard import door_of
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class SignIn(Form):
    """Who wants in, and where to go then."""

    email: Line
    password: str
    next: Line = ""


def show(visit: Visit) -> Answer:
    """Show the form, or go on if somebody is signed in already."""
    back = local(visit.query.get("next", ""))
    return Goto(to=back) if visit.account is not None else form_again(visit)


def form_again(visit: Visit) -> Shown:
    """Return what the page shows."""
    return {"back": local(visit.query.get("next", ""))}


def sign_in(visit: Visit, form: SignIn) -> Answer:
    """Begin a session."""
    given = Credentials(email=form.email, password=form.password, seat=visit.seat)
    door = door_of(visit.app)
    token = accounts.sign_in(door, visit.workspace, given)
    if visit.token:
        sessions.sign_out(door, visit.workspace.id, visit.token)
    return Goto(to=local(form.next), token=token)


def sign_out(visit: Visit, _form: Form) -> Answer:
    """End the session."""
    sessions.sign_out(door_of(visit.app), visit.workspace.id, visit.token)
    return Goto(to="/sign-in", notice="signed-out", token="")


_PATH, _TEMPLATE = "/sign-in", "sign_in.html"
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE, role=None),
    Page(path=_PATH, view=sign_in, template=_TEMPLATE, role=None, method="POST", form=SignIn, again=form_again),
    Page(path="/sign-out", view=sign_out, method="POST"),
]
