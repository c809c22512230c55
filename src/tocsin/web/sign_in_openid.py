"""Signing in by the operator's sign-in service: away to it, and back."""

from tocsin.domain.errors import NotFoundError
from tocsin.services import openid, sessions
from tocsin.services.openid import Returned
from tocsin.services.ports_openid import Provider
from tocsin.web.endpoint import local
from tocsin.web.guard import door_of
from tocsin.web.visit import Answer, Goto, Page, Visit

_PATH = "/sign-in/openid"
_BACK = f"{_PATH}/back"


def begin(visit: Visit) -> Answer:
    """Send somebody to the sign-in service, if a page of ours has asked for it."""
    provider, back = _provider(visit), local(visit.query.get("next", ""))
    if visit.fetch_site not in ("", "same-origin", "none"):
        return Goto(to="/sign-in")  # nobody else's page decides when somebody signs in
    begun = openid.begin(
        door_of(visit.app), provider, visit.workspace, redirect_uri=f"{visit.origin}{_BACK}", back=back
    )
    return Goto(to=begun.address, openid=begun.cookie)


def finish(visit: Visit) -> Answer:
    """Begin the session of whoever comes back."""
    door = door_of(visit.app)
    returned = Returned(cookie=visit.openid, query=visit.query, redirect_uri=f"{visit.origin}{_BACK}", seat=visit.seat)
    token, back = openid.finish(door, _provider(visit), visit.workspace, returned)
    if visit.token:
        sessions.sign_out(door, visit.workspace.id, visit.token)
    return Goto(to=local(back), token=token, openid="")


def _provider(visit: Visit) -> Provider:
    if visit.app.provider is None:
        raise NotFoundError("there is no sign-in service here; sign in with your password")
    return visit.app.provider


PAGES = [
    Page(path=_PATH, view=begin, role=None),
    Page(path=_BACK, view=finish, role=None),
]
