"""How pages are rendered and protected: only our own scripts run, nothing from elsewhere, and every error a page of its own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import Response

from tocsin import __version__
from tocsin.bootstrap import App
from tocsin.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    TocsinError,
    TooLargeError,
    UnsupportedMediaError,
)
from tocsin.formats.html import is_right_to_left
from tocsin.formats.words import SOURCE, language, marked, words
from tocsin.web import static_files

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_BDI = Markup("<bdi>{}</bdi>")
_PAGES = Environment(
    loader=PackageLoader("tocsin.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGES.globals["static"] = static_files.address
# What a page's visitor can do something about; everything else is that the store is away.
_STATUS: dict[type[TocsinError], int] = {
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    UnsupportedMediaError: 415,
    InvalidInputError: 422,
    RateLimitedError: 429,
}
_HEADINGS = {
    403: "Not allowed",
    404: marked("Not found"),
    409: "Not possible now",
    500: "Something went wrong",
    503: marked("Not available now"),
}


def has_mailbox(app: App) -> bool:
    """Tell whether there is a captured mailbox: there is no sign-in, so only whoever is on this machine may look."""
    return app.settings.captures and app.settings.is_local


def status_of(error: TocsinError) -> int:
    """Return the HTTP status for an error."""
    return _STATUS.get(type(error), 503)


def spoken(locale: str) -> dict[str, Any]:
    """Return what makes a page speak the language of `locale`; `of` of `rendered` can give it for another than was wished."""
    own = language(locale)
    return {"say": partial(_said, own), "language": own, "is_right_to_left": is_right_to_left(own)}


def _said(own: str, text: str, **values: object) -> Markup:
    """Return our words, with values put in each of which keeps the direction of its own script."""
    shown = {name: _BDI.format(value) for name, value in values.items()}
    return escape(words(own).gettext(text)).format(**shown)


def page_text(app: App, template: str, values: Mapping[str, Any], *, locale: str = SOURCE) -> str:
    """Return a page: `template` filled with `values`, and what every page shows."""
    shared = {
        "version": __version__,
        "has_mailbox": has_mailbox(app),
        "base_url": app.settings.base_url,
        "layout": "base.html",
    }
    return _PAGES.get_template(template).render(shared | spoken(locale) | dict(values))


def trouble(sentence: str, status: int, *, locale: str = SOURCE) -> dict[str, Any]:
    """Return the values of the page that tells an error."""
    heading = _HEADINGS.get(status, marked("Not understood"))
    return {"error": words(locale).gettext(sentence), "heading": words(locale).gettext(heading)}


def rendered(
    app: App,
    name: str,
    of: Callable[[], dict[str, Any]],
    *,
    headers: Mapping[str, str] = HEADERS,
    locale: str = SOURCE,
) -> Response:
    """Return the page `name` of what `of` gives, or the page of the error that it raises, in the language of `locale`."""
    try:
        text = page_text(app, name, of(), locale=locale)
    except TocsinError as error:
        status = status_of(error)
        text = page_text(app, "error.html", trouble(str(error), status, locale=locale), locale=locale)
        again = {"Retry-After": "1"} if status == 503 else {}
        return Response(text, status_code=status, media_type="text/html", headers=dict(headers) | again)
    return Response(text, media_type="text/html", headers=dict(headers))
