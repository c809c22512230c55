"""How pages are rendered and protected: no script, nothing from elsewhere, and every error a page of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from tocsin import __version__
from tocsin.bootstrap import App
from tocsin.domain.errors import InvalidInputError, NotFoundError, TocsinError, TooLargeError, UnsupportedMediaError

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGES = Environment(
    loader=PackageLoader("tocsin.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
# What a page's visitor can do something about; everything else is that the store is away.
_STATUS: dict[type[TocsinError], int] = {
    NotFoundError: 404,
    TooLargeError: 413,
    UnsupportedMediaError: 415,
    InvalidInputError: 422,
}
_HEADINGS = {404: "Not found", 503: "Not available now"}


def has_mailbox(app: App) -> bool:
    """Tell whether there is a captured mailbox: there is no sign-in, so only whoever is on this machine may look."""
    return app.settings.captures and app.settings.is_local


def status_of(error: TocsinError) -> int:
    """Return the HTTP status for an error."""
    return _STATUS.get(type(error), 503)


def rendered(
    app: App, name: str, of: Callable[[], dict[str, Any]], *, headers: Mapping[str, str] = HEADERS
) -> Response:
    """Return the page `name` of what `of` gives, or the page of the error that it raises."""
    shared = {"version": __version__, "has_mailbox": has_mailbox(app), "base_url": app.settings.base_url}
    try:
        text = _PAGES.get_template(name).render(shared | of())
    except TocsinError as error:
        status = status_of(error)
        values = {"error": str(error), "heading": _HEADINGS.get(status, "Not understood")}
        text = _PAGES.get_template("error.html").render(shared | values)
        again = {"Retry-After": "1"} if status == 503 else {}
        return Response(text, status_code=status, media_type="text/html", headers=dict(headers) | again)
    return Response(text, media_type="text/html", headers=dict(headers))
