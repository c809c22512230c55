"""Each way in which one can ask for something by an id: a face, what is asked for, and the place where the id stands.

They come from the tables of routes, pages and tools, so that a new one is attacked by itself. The operator's are in
`commands.py`.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from pydantic import BaseModel

from tests.faces.client import Json, rule_body
from tests.faces.test_bad_input import NOBODY, _body_of
from tests.torture.tenants import Tenant
from tocsin.api import app as api
from tocsin.api.call import Route, Version
from tocsin.mcp import table
from tocsin.mcp.tool import Caller, Tool
from tocsin.web.views import PAGES
from tocsin.web.visit import Page

Said = tuple[int, str]  # a status, and a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to ask; without a place no id is asked for, and with the place `host` something of oneself at a host."""

    face: str
    name: str
    place: str
    ask: Callable[[str], Said]

    def __str__(self) -> str:
        return f"{self.face} {self.name} {self.place}"


_ID = re.compile(
    r"(?:.*_)?(?:id|ids|sid)|.*_slug|meetings|key|account|outcome|link|rule|booking|run|from_|call|session"
)


def is_id(name: str) -> bool:
    """Tell whether a parameter of this name takes an id."""
    return bool(_ID.fullmatch(name))


# The API


def of_the_api(tenant: Tenant) -> Iterator[Way]:
    """Yield each way through the API: what only reads without an id too, because it could list what is not its own."""
    for version, route in api.table():
        for place in [*_listed(route.method), *_places(route.path, route.query, route.body)]:
            yield Way(
                face="api",
                name=f"{route.method} {version.path(route.path)}",
                place=place,
                ask=partial(_call, tenant, (version, route, place)),
            )


def _listed(method: str) -> list[str]:
    return [""] if method == "GET" else []


def _places(path: str, query: type[BaseModel] | None, body: type[BaseModel] | None) -> list[str]:
    return [
        *(f"path.{name}" for name in re.findall(r"{(\w+)}", path)),
        *(f"query.{name}" for name in (query.model_fields if query else ()) if is_id(name)),
        *(f"body.{name}" for name in _leaves(body) if is_id(name.rpartition(".")[2])),
    ]


def _leaves(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    if "rules" in model.model_fields:
        return ["rules.meetings"]
    return list(model.model_fields)


def _call(tenant: Tenant, at: tuple[Version, Route, str], asked: str) -> Said:
    version, route, place = at
    path = _path(tenant, version.path(route.path), place, asked)
    query = {place.removeprefix("query."): asked} if place.startswith("query.") else None
    if route.path == "/invitations" and query is None:
        query = {"booking_id": tenant.own["bookings"]}
    body = a_body(tenant, route.body, place.removeprefix("body."), asked) if route.body else None
    face = tenant.client.v1 if version.number == 1 else tenant.client.v2
    return said(face.send(route.method, path.removeprefix(face.base), body, query=query))


# What differs between answers that are alike: their length by the id that was asked for, and the name of the request.
ITS_OWN = ("content-length", "x-request-id")


def said(response: httpx.Response) -> Said:
    """Return the status and all that an answer says, its headers too."""
    headers = sorted((name, value) for name, value in response.headers.items() if name not in ITS_OWN)
    return response.status_code, f"{headers}\n{response.text}"


def _path(tenant: Tenant, path: str, place: str, asked: str) -> str:
    """Return a path with `asked` at one place, and with what is the tenant's own at the others."""
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{name}}}", asked if place == f"path.{name}" else _own(tenant, path, name))
    return path


def _own(tenant: Tenant, path: str, name: str) -> str:
    nouns = {"call_id": "calls", "call": "calls", "run": "run"}
    words = {"recipient": "nobody@example.org", "address": "nobody@example.org", "token": "0"}
    noun = nouns.get(name, path.split("{", 1)[0].rstrip("/").rpartition("/")[2].replace("_", "-"))
    return words.get(name) or tenant.own.get(noun) or tenant.own[_NOUNS[noun]]


_NOUNS = {"rules": "automation-rules", "links": "meetings", "members": "team-members", "mailbox": "deliveries"}


def a_body(tenant: Tenant, model: type[BaseModel], place: str, asked: str) -> Json:
    """Return a body of this model that would be taken, with `asked` at one place."""
    names, link = model.model_fields, tenant.own["meetings"]
    body = _body_of(model, tenant.client)
    if "meeting_ids" in names:
        body = rule_body(link) | {name: value for name, value in body.items() if name not in rule_body(link)}
    if "rules" in names:
        rule = rule_body(name="A rule")
        body = {"version": 1, "rules": [{**rule, "meetings": [asked if place == "rules.meetings" else link]}]}
        del body["rules"][0]["meeting_ids"]
    elif place in names:
        body[place] = [asked] if place.endswith("_ids") else asked
    if "recipient" in names and "recipient" not in body:
        body["recipient"] = "nobody@example.org"
    return body


# Tools of models


def of_the_tools(tenant: Tenant) -> Iterator[Way]:
    """Yield each way through the tools of models."""
    for tool in table.TOOLS:
        for place in [
            *_listed("POST" if tool.writes else "GET"),
            *(name for name in tool.schema()["properties"] if is_id(name)),
        ]:
            yield Way(
                face="mcp",
                name=tool.name,
                place=place,
                ask=partial(_use, tenant, (tool, place)),
            )


def _use(tenant: Tenant, at: tuple[Tool, str], asked: str) -> Said:
    tool, place = at
    known, owns = tool.schema()["properties"], tenant.own
    arguments: dict[str, Any] = {
        name: value
        for name, value in (rule_body(owns["meetings"]) | {"from": "2026-11-01", "until": "2026-12-01"}).items()
        if name in known
    }
    if "id" in known:
        nouns = {"rule": "automation-rules", "booking": "bookings", "delivery": "deliveries", "message": "deliveries"}
        arguments["id"] = owns[nouns[tool.name.rpartition("_")[2]]]
    if tool.name == "list_invitations":
        arguments["booking_id"] = owns["bookings"]
    if place:
        arguments[place] = [asked] if place.endswith("_ids") else asked
    answer = table.called(_caller(tenant), tool.name, arguments)
    return (400 if answer.is_error else 200), json.dumps(answer.body)


def _caller(tenant: Tenant) -> Caller:
    with tenant.client.app.store.directory() as directory:
        workspace, key = directory.by_subdomain(tenant.client.subdomain), directory.key(tenant.own["model"])
    assert workspace is not None
    assert key is not None
    return Caller(app=tenant.client.app, workspace=workspace, key=key[0])


# Pages


def of_the_pages(tenant: Tenant) -> Iterator[Way]:
    """Yield each way through the pages, for somebody who is signed in."""
    for page in PAGES:
        for place in [*_listed(page.method), *_places(page.path, page.query, page.form)]:
            yield Way(
                face="page",
                name=f"{page.method} {page.path}",
                place=place,
                ask=partial(_visit, tenant, (page, place)),
            )


def _visit(tenant: Tenant, at: tuple[Page, str], asked: str) -> Said:
    page, place = at
    path = _path(tenant, page.path, place, asked)
    if page.method == "GET":
        query = f"?{place.removeprefix('query.')}={asked}" if place.startswith("query.") else ""
        return said(tenant.visitor.get(path + query))
    fields = {"_token": tenant.own["token"]} | {name: _typed(tenant, name) for name in page.form.model_fields}
    if place.startswith("body."):
        fields[place.removeprefix("body.")] = asked
    return said(tenant.visitor.post_pairs(path, list(fields.items())))


def _typed(tenant: Tenant, name: str) -> str:
    values = {
        "meeting_slug": tenant.own["slug"],
        "meeting_outcome_id": tenant.own["meeting-outcomes"],
        "rule_id": tenant.own["automation-rules"],
        "account": NOBODY,
        "outcome": NOBODY,
        "session": NOBODY,
        "key": NOBODY,
        "recipient": "nobody@example.org",
        "address": "nobody@example.org",
    }
    return values.get(name, "")
