"""The recipient's page: what messages to stop, or to get again. Only a POST changes anything, and only the link is needed.

It works without scripts and cookies, on whatever host of ours the link names: the link itself says which workspace is meant.
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.bootstrap import App
from tocsin.domain.audit import A_RECIPIENT
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import WorkspaceId
from tocsin.formats.words import SOURCE, wished
from tocsin.services import consent
from tocsin.services.consent import Choice
from tocsin.web.forms import body_of, fields
from tocsin.web.pages import HEADERS, rendered, spoken

_HEADERS = HEADERS | {"X-Robots-Tag": "noindex"}
_PATH = "/opt-out/{token}"
_WISHES = ("rule", "workspace", "again")


def routes(app: App) -> list[Route]:
    """Return the routes of the page."""

    async def show(request: Request) -> Response:
        return await run_in_threadpool(_page, app, request, lambda: _shown(app, request))

    async def act(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        try:
            body = await body_of(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        return await run_in_threadpool(_page, app, request, lambda: _done(app, request, fields(content_type, body)))

    return [Route(_PATH, show, methods=["GET"]), Route(_PATH, act, methods=["POST"])]


def _page(app: App, request: Request, of: Callable[[], dict[str, Any]]) -> Response:
    return rendered(app, "opt_out.html", of, headers=_HEADERS, locale=_wished(request) or SOURCE)


def _shown(app: App, request: Request) -> dict[str, Any]:
    wanted = consent.opened(request.path_params["token"], app.pepper)
    with app.store.reading(WorkspaceId(wanted.workspace_id)) as tx:
        return _values(request, consent.choice(tx, wanted))


def _done(app: App, request: Request, form: dict[str, str]) -> dict[str, Any]:
    wanted = consent.opened(request.path_params["token"], app.pepper)
    wish = _wish(form)
    with app.store.transaction(WorkspaceId(wanted.workspace_id), by=A_RECIPIENT) as tx:
        if wish == "again":
            return _values(request, consent.want_again(tx, wanted), is_back=True)
        return _values(request, consent.stop(tx, wanted, whole=wish == "workspace", now=app.clock()))


def _wish(form: dict[str, str]) -> str:
    """Return what is wished. A mail program asks for all that it can have (RFC 8058, 3.2)."""
    if form.get("List-Unsubscribe") == "One-Click":
        return "workspace"
    if form.get("wish") not in _WISHES:
        raise InvalidInputError.of("wish", f"choose one of {', '.join(_WISHES)}; nothing was changed")
    return form["wish"]


def _values(request: Request, choice: Choice, *, is_back: bool = False) -> dict[str, Any]:
    """Return what the page shows, in the language set for the address, or that of the browser, or the workspace's."""
    locale = choice.locale or _wished(request) or choice.usual_locale
    return {"choice": choice, "is_back": is_back} | spoken(locale)


def _wished(request: Request) -> str | None:
    return wished(request.headers.get("accept-language", ""))
