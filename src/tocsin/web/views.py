"""All pages: those of a workspace, and the few that belong to none."""

from collections.abc import Callable
from functools import cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.bootstrap import App
from tocsin.web import (
    bookings,
    deliveries,
    dry_runs,
    effect,
    held,
    mailbox,
    new_booking,
    opt_out,
    overview,
    planned,
    rule_editor,
    rules,
    sign_in,
    sign_in_openid,
    static_files,
)
from tocsin.web.endpoint import route
from tocsin.web.pages import HEADERS, rendered
from tocsin.web.reference import sections
from tocsin.web.settings.pages import PAGES as SETTINGS

# The pages of a workspace.
PAGES = [
    *sign_in.PAGES,
    *sign_in_openid.PAGES,
    *overview.PAGES,
    *rule_editor.PAGES,
    *rules.PAGES,
    *effect.PAGES,
    *dry_runs.PAGES,
    *new_booking.PAGES,
    *bookings.PAGES,
    *planned.PAGES,
    *deliveries.PAGES,
    *held.PAGES,
    *mailbox.PAGES,
    *SETTINGS,
]


def routes(app: App, document: dict[str, Any]) -> list[Route]:
    """Return the routes of the pages; `document` is the OpenAPI document that the reference shows."""
    shown = cache(lambda: sections(document))  # few ask for it

    def page(name: str, of: Callable[[Request], dict[str, Any]]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return await run_in_threadpool(rendered, app, name, lambda: of(request))

        return answer

    return [
        Route("/", page("home.html", lambda _request: {})),
        Route("/docs", page("docs.html", lambda _request: {"sections": shown(), "document": document})),
        *static_files.routes(HEADERS),
        *opt_out.routes(app),
        *(route(app, page) for page in PAGES),
    ]
