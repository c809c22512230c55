"""How pages are rendered and protected: no script, nothing from elsewhere, and every error a page of its own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import Response

from tocsin import __version__
from tocsin.bootstrap import App
from tocsin.domain.errors import InvalidInputError, NotFoundError, TocsinError, TooLargeError, UnsupportedMediaError
from tocsin.formats.html import is_right_to_left
from tocsin.formats.words import SOURCE, language, marked, words

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
# What a page's visitor can do something about; everything else is that the store is away.
_STATUS: dict[type[TocsinError], int] = {
    NotFoundError: 404,
    TooLargeError: 413,
    UnsupportedMediaError: 415,
    InvalidInputError: 422,
}
_HEADINGS = {404: marked("Not found"), 503: marked("Not available now")}


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


def rendered(
    app: App,
    name: str,
    of: Callable[[], dict[str, Any]],
    *,
    headers: Mapping[str, str] = HEADERS,
    locale: str = SOURCE,
) -> Response:
    """Return the page `name` of what `of` gives, or the page of the error that it raises, in the language of `locale`."""
    shared = {"version": __version__, "has_mailbox": has_mailbox(app), "base_url": app.settings.base_url} | spoken(
        locale
    )
    try:
        text = _PAGES.get_template(name).render(shared | of())
    except TocsinError as error:
        status = status_of(error)
        heading = _HEADINGS.get(status, marked("Not understood"))
        values = {"error": words(locale).gettext(str(error)), "heading": words(locale).gettext(heading)}
        text = _PAGES.get_template("error.html").render(shared | values)
        again = {"Retry-After": "1"} if status == 503 else {}
        return Response(text, status_code=status, media_type="text/html", headers=dict(headers) | again)
    return Response(text, media_type="text/html", headers=dict(headers))
