"""Who is at the door of a page: the session's cookie, and whether a form was sent by a page of ours."""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tocsin.bootstrap import App
from tocsin.domain.errors import PermissionDeniedError
from tocsin.domain.host import BARE, subdomain_of
from tocsin.domain.model import Workspace
from tocsin.domain.sessions import LONGEST
from tocsin.services import openid, sessions
from tocsin.services.sessions import Door
from tocsin.web.visit import Visit

# The prefix is the browser's promise that no other host, sub-domain or path has set it (RFC 6265bis, 4.1.3.2).
COOKIE = "__Host-tocsin"
OPENID_COOKIE = "__Host-tocsin-openid"
TOKEN_FIELD = "_token"  # noqa: S105  the name of a form's field
_PORTS = {"http": 80, "https": 443}


def door_of(app: App) -> Door:
    """Return what signing in works with."""
    return Door(store=app.store, clock=app.clock, chance=app.chance, pepper=app.pepper)


def keep_session(response: Response, token: str) -> None:
    """Let the browser keep a session, or forget it if `token` is empty."""
    _keep(response, COOKIE, token, LONGEST)


def keep_openid(response: Response, cookie: str) -> None:
    """Let the browser keep what belongs to a sign-in by the sign-in service, or forget it if it is empty."""
    _keep(response, OPENID_COOKIE, cookie, openid.LONGEST)


def origin_of(app: App, request: Request, workspace: Workspace) -> str:
    """Return the origin of the pages by which a visitor has reached them: the workspace's own, or the bare one."""
    is_bare = subdomain_of(request.headers.getlist("host"), base=app.settings.base_host) == BARE
    return app.settings.base_url if is_bare else app.settings.workspace_url(workspace.subdomain)


def _keep(response: Response, name: str, value: str, longest: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(longest.total_seconds()) if value else 0,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def form_token(visit: Visit) -> str:
    """Return what every form of this session carries."""
    return sessions.form_token(door_of(visit.app), visit.token)


def must_be_ours(request: Request, visit: Visit, form: Mapping[str, str]) -> None:
    """Raise PermissionDeniedError unless a page of this very origin sent the form, in this very session.

    Without a session there is nothing for a token to belong to; then the browser's own word must do.
    """
    if not _is_same_origin(request, visit.app):
        raise PermissionDeniedError("the form was not sent by a page of Tocsin; open the page and send it again")
    sent = form.get(TOKEN_FIELD, "").encode(errors="replace")
    if visit.account is not None and not hmac.compare_digest(sent, form_token(visit).encode()):
        raise PermissionDeniedError("the form belongs to another session; open the page and send it again")


def _is_same_origin(request: Request, app: App) -> bool:
    """Tell whether the browser says that the request comes from the host that it goes to."""
    origins, hosts = request.headers.getlist("origin"), request.headers.getlist("host")
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin" or len(origins) != 1 or len(hosts) != 1:
        return False
    try:
        origin, scheme = urlsplit(origins[0].lower()), urlsplit(app.settings.base_url).scheme
        host = urlsplit(f"{origin.scheme}://{hosts[0].lower()}")
        # On this machine, on its own name, TLS is not needed; from elsewhere the scheme must be that of the base URL.
        schemes = {scheme, "http"} if host.hostname in ("localhost", "127.0.0.1", "::1") else {scheme}
        ports = origin.port or _PORTS.get(origin.scheme), host.port or _PORTS.get(origin.scheme)
    except ValueError:
        return False
    return origin.scheme in schemes and origin.hostname == host.hostname and ports[0] == ports[1]
