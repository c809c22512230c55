"""Signing in and out."""

from tocsin.services import accounts, sessions
from tocsin.services.accounts import CodeWanted, Credentials
from tocsin.web.endpoint import local
from tocsin.web.fields import Form, Line
from tocsin.web.guard import door_of
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class SignIn(Form):
    """Who wants in, and where to go then."""

    email: Line
    password: str
    next: Line = ""


class Code(Form):
    """The code of a second factor, from whoever `proof` says has shown the password."""

    proof: Line
    code: Line
    next: Line = ""


def show(visit: Visit) -> Answer:
    """Show the form, or go on if somebody is signed in already."""
    back = local(visit.query.get("next", ""))
    return Goto(to=back) if visit.account is not None else form_again(visit)


def form_again(visit: Visit) -> Shown:
    """Return what the page shows."""
    return {"back": local(visit.query.get("next", "")), "proof": ""}


def sign_in(visit: Visit, form: SignIn) -> Answer:
    """Begin a session."""
    given = Credentials(email=form.email, password=form.password, seat=visit.seat)
    door = door_of(visit.app)
    found = accounts.sign_in(door, visit.workspace, given)
    if isinstance(found, CodeWanted):
        return {"back": local(form.next), "proof": found.proof}
    return _in(visit, found.token, form.next)


def enter_code(visit: Visit, form: Code) -> Answer:
    """Begin a session of whoever has shown the password just now."""
    token = accounts.enter_code(door_of(visit.app), visit.workspace, form.proof, form.code, seat=visit.seat)
    return _in(visit, token, form.next)


def code_again(visit: Visit) -> Shown:
    """Return what the page shows to who has typed a wrong code."""
    return form_again(visit) | {"proof": "again"}


def _in(visit: Visit, token: str, back: str) -> Goto:
    if visit.token:
        sessions.sign_out(door_of(visit.app), visit.workspace.id, visit.token)
    return Goto(to=local(back), token=token)


def sign_out(visit: Visit, _form: Form) -> Answer:
    """End the session."""
    sessions.sign_out(door_of(visit.app), visit.workspace.id, visit.token)
    return Goto(to="/sign-in", notice="signed-out", token="")


_PATH, _TEMPLATE = "/sign-in", "sign_in.html"
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE, role=None),
    Page(path=_PATH, view=sign_in, template=_TEMPLATE, role=None, method="POST", form=SignIn, again=form_again),
    Page(
        path=f"{_PATH}/code",
        view=enter_code,
        template=_TEMPLATE,
        role=None,
        method="POST",
        form=Code,
        again=code_again,
    ),
    Page(path="/sign-out", view=sign_out, method="POST"),
]
