"""A page with the fields of the editor of rules, at the address of a real server, with its real scripts and policy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from tests.browser.site import Seat, Site, seated
from tests.left_out import is_in_ci
from tocsin.domain.templates import VARIABLES
from tocsin.web import static_files
from tocsin.web.endpoint import PAGE_HEADERS

SCRIPT = "built/islands.js"
_FRAME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Workshop</title>
<link rel="stylesheet" href="{style}">
<link rel="icon" href="data:,">
<script type="module" src="{script}"></script>
</head>
<body class="app"><main><h1>A rule</h1>{main}</main>
<template id="template-variables"><ul>{variables}</ul></template>
<template id="recipient-placeholders"><ul>
<li data-name="client.email">The client's address</li><li data-name="{{{{host.email}}}}">The host's address</li>
</ul></template>
</body>
</html>"""
Answer = Callable[[dict[str, str]], tuple[int, str]]


@dataclass(kw_only=True)
class Workshop:
    """Somebody in front of the page, and what the server was asked meanwhile."""

    seat: Seat
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.seat.page

    def open(self, main: str) -> None:
        """Show the page with `main` in it."""
        variables = "".join(f'<li data-name="{name}">{escape(says)}</li>' for name, says in VARIABLES.items())
        addresses = {"style": static_files.address("tocsin.css"), "script": static_files.address(SCRIPT)}
        body = _FRAME.format(main=main, variables=variables, **addresses)
        self.page.route("**/workshop", lambda route: _answer(route, 200, body))
        self.seat.go("/workshop")

    def serve(self, path: str, answer: Answer) -> None:
        """Let `answer` stand for the server at `path`; it is given the fields that were sent."""

        def asked(route: Route) -> None:
            query = urlsplit(route.request.url).query
            sent = parse_qs(route.request.post_data or query, keep_blank_values=True)
            self.asked.append({name: values[-1] for name, values in sent.items()})
            status, text = answer(self.asked[-1])
            _answer(route, status, text, media_type="application/json" if text.startswith("{") else "text/html")

        self.page.route(lambda url: urlsplit(url).path == path, asked)

    def field(self, name: str) -> Locator:
        """Return the form's field, which a script may have hidden."""
        return self.page.locator(f"[name={name}]")


def _answer(route: Route, status: int, body: str, media_type: str = "text/html") -> None:
    route.fulfill(status=status, body=body, headers=PAGE_HEADERS | {"Content-Type": f"{media_type}; charset=utf-8"})


def need_scripts() -> None:
    """Leave a test out where the scripts of the pages were not built."""
    if not static_files.address(SCRIPT):
        (pytest.fail if is_in_ci() else pytest.skip)("the scripts of the pages are not built: make setup")


@contextmanager
def at_work(browser: Browser, site: Site, *, width: int = 1440, scheme: str = "light") -> Iterator[Workshop]:
    """Give a workshop, in which the policy of pages was never broken and nothing ran that was not ours."""
    need_scripts()
    with seated(browser, site, width=width, scheme=scheme) as seat:

        def complain(what: str) -> None:
            seat.complaints.append(what)

        seat.page.expose_function("complain", complain)
        seat.page.add_init_script(
            "addEventListener('securitypolicyviolation', one => complain(`${one.violatedDirective} ${one.sample}`))"
        )
        seat.page.on("console", lambda said: seat.complaints.append(said.text) if said.type == "error" else None)
        yield Workshop(seat=seat)
        assert seat.complaints == []
        assert seat.elsewhere == []
