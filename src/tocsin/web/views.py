"""The pages and how they are protected: no script, nothing from elsewhere, and the mailbox only on this machine."""

from collections.abc import Callable
from importlib import resources
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.bootstrap import App
from tocsin.domain.errors import NotFoundError, TocsinError
from tocsin.domain.model import Workspace
from tocsin.services import workspaces
from tocsin.web import bookings, deliveries, mailbox, opt_out, overview, rules, sign_in
from tocsin.web.endpoint import route
from tocsin.web.pages import HEADERS, has_mailbox, rendered, status_of
from tocsin.web.reference import sections

# The message itself, in a sandboxed frame of our own page: no script, no form, nothing loaded, whatever it holds.
_MESSAGE_HEADERS = HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
}

# What one must sign in to see.
PAGES = [*sign_in.PAGES, *overview.PAGES, *rules.PAGES, *bookings.PAGES, *deliveries.PAGES]

_STYLE = (resources.files("tocsin.web") / "static" / "tocsin.css").read_bytes()


def routes(app: App, document: dict[str, Any]) -> list[Route]:
    """Return the routes of the pages; `document` is the OpenAPI document that the reference shows."""
    shown = sections(document)

    def page(name: str, of: Callable[[Request], dict[str, Any]]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return await run_in_threadpool(rendered, app, name, lambda: of(request))

        return answer

    async def style(_request: Request) -> Response:
        return Response(_STYLE, media_type="text/css", headers=HEADERS | {"Cache-Control": "max-age=60"})

    async def download(request: Request) -> Response:
        return await run_in_threadpool(_download, app, request)

    return [
        Route("/", page("home.html", lambda _request: {})),
        Route("/docs", page("docs.html", lambda _request: {"sections": shown, "document": document})),
        Route("/static/tocsin.css", style),
        Route(
            "/mailbox", page("mailbox.html", lambda request: {"messages": mailbox.messages(app, _here(app, request))})
        ),
        Route("/mailbox/{id}", page("message.html", lambda request: {"message": _message(app, request)})),
        Route("/mailbox/{id}/{kind}", download),
        *opt_out.routes(app),
        *(route(app, page) for page in PAGES),
    ]


def _download(app: App, request: Request) -> Response:
    try:
        message = _message(app, request)
    except TocsinError as error:
        return Response(str(error), status_code=status_of(error), media_type="text/plain", headers=HEADERS)
    kinds = {
        "html": (message.html, "text/html", _MESSAGE_HEADERS),
        "invite.ics": (message.calendar.encode(), "text/calendar", HEADERS),
        "message.eml": (message.raw, "message/rfc822", HEADERS),
    }
    if request.path_params["kind"] not in kinds:
        return Response("there is no such part", status_code=404, media_type="text/plain", headers=HEADERS)
    content, media_type, headers = kinds[request.path_params["kind"]]
    return Response(content, media_type=media_type, headers=headers)


def _message(app: App, request: Request) -> mailbox.Message:
    delivery_id = request.path_params["id"]
    # No id holds what cannot be printed, and PostgreSQL refuses a NUL even in a question.
    return mailbox.message(app, _here(app, request), delivery_id if delivery_id.isprintable() else "")


def _here(app: App, request: Request) -> Workspace:
    """Return the workspace of a request for the mailbox. Raises NotFoundError if there is no mailbox to see."""
    if not has_mailbox(app):
        raise NotFoundError(
            "the captured mailbox is there with TOCSIN_SMTP_URL=capture: and on a loopback address only"
        )
    return workspaces.at_host(app.store, request.headers.getlist("host"), base_host=app.settings.base_host)
