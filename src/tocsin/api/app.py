"""The API as an ASGI application: the route table, health, and the OpenAPI file."""

import json
from dataclasses import replace
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from tocsin.api import (
    audit,
    bookings,
    deliveries,
    held,
    inbound,
    limits,
    links,
    members,
    openapi,
    operators,
    outcomes,
    recipients,
    rule_set,
    rules,
    sender,
    sources,
    suppressions,
    trials,
    webhooks,
)
from tocsin.api.call import Reply, Route, Version
from tocsin.api.endpoint import endpoint, respond
from tocsin.bootstrap import App

_TABLE = [
    *rule_set.ROUTES,  # before /automation-rules/{id}, which would take their paths for ids
    *rules.ROUTES,
    *trials.ROUTES,
    *links.ROUTES,
    *bookings.ROUTES,
    *members.ROUTES,
    *outcomes.ROUTES,
    *deliveries.ROUTES,
    *held.ROUTES,
    *sender.ROUTES,
    *suppressions.ROUTES,
    *recipients.ROUTES,
    *limits.ROUTES,
    *webhooks.ROUTES,
    *sources.ROUTES,
    *audit.ROUTES,
]
# The original's documents say PATCH and its command line sends PUT.
_PUT = [replace(route, method="PUT") for route in _TABLE if route.method == "PATCH"]


def table() -> list[tuple[Version, Route]]:
    """Return every route in every version that has it."""
    return [(version, route) for route in [*_TABLE, *_PUT] for version in route.versions]


def document(app: App) -> dict[str, object]:
    """Return the OpenAPI document."""
    return _document(_base_url(app))


def _base_url(app: App) -> str:
    return app.settings.workspace_url("your-workspace")


@lru_cache(maxsize=1)  # API and pages both want it, and to make it takes a twentieth of a second
def _document(base_url: str) -> dict[str, object]:
    return openapi.document(table(), base_url=base_url)


@lru_cache(maxsize=1)
def _described(base_url: str) -> bytes:
    return json.dumps(_document(base_url), ensure_ascii=False).encode()


def routes(app: App, trouble: operators.Trouble = lambda: None) -> list[HttpRoute]:
    """Return the HTTP routes of the API; `trouble` says what is wrong with the workers beside it."""

    async def show_openapi(_request: Request) -> Response:
        return respond(Reply(raw=_described(_base_url(app))))

    return [
        HttpRoute("/openapi.json", show_openapi),
        *operators.routes(app, trouble),
        *inbound.routes(app),
        *(
            HttpRoute(_pattern(version.path(route.path)), endpoint(app, route, version), methods=[route.method])
            for version, route in table()
        ),
    ]


def _pattern(path: str) -> str:
    # A slash may stand in an address (RFC 5322, 3.2.3), and once a path is decoded nobody can tell it from one of the path's.
    return path.replace("{recipient}", "{recipient:path}").replace("{address}", "{address:path}")
