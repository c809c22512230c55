"""Stencils: templates with places for their values. `formats.fragments` cuts them, and says when one can be used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tocsin.domain.templates import Variable
from tocsin.domain.text import several_lines
from tocsin.formats import html

_LONG = 256  # characters; longer values are not kept
Href = tuple[str | Variable, ...]  # the pieces of a link's address
# Words that flow: no blanks around them and no two in a row, so that they stay as they are among other words.
FLOWING = re.compile(r"[^ \t\n\r\f]+(?: [^ \t\n\r\f]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A part of a mail's body: sanitised HTML, and the same in plain words."""

    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a template: the pieces of its address, and its words, to be filled by `%`."""

    href: Href
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stencil:
    """A template in HTML and in plain words, both to be filled by `%` with its variables, by name.

    The tags of the first link stand at `0<` and `0>`, and its address in the plain words at `0@`. `text` is None if the plain
    words are written anew each time. In a document of up to `longest` characters nothing was cut off.
    """

    html: str
    text: str | None
    links: tuple[Link, ...]
    longest: int


def put(stencil: Stencil, values: Mapping[str, str]) -> Fragment | None:
    """Return `stencil` with `values` in their places, or None if `html.fill` would make something else of them."""
    taken = {name: (_take if len(value) > _LONG else _taken)(value) for name, value in values.items()}
    shown, addresses = {name: value.html for name, value in taken.items()}, []
    for place, link in enumerate(stencil.links):
        tag, address = html.anchor(html.target(link.href, values))
        shown[f"{place}<"], shown[f"{place}>"] = tag, "</a>" if tag else ""
        addresses.append(address)
    document = stencil.html % shown
    # HTML takes U+FEFF at the very beginning for a byte order mark, and drops it.
    if len(document) > stencil.longest or document.startswith("\ufeff"):
        return None
    text = _text(stencil, taken, addresses)
    return Fragment(html=document, text=html.to_text(document) if text is None else text)


def escaped(plain: str) -> str:
    """Return plain words as the sanitiser writes them."""
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _text(stencil: Stencil, taken: Mapping[str, Fragment], addresses: list[str]) -> str | None:
    """Return the plain words of a filled stencil, or None if they are not just its own with the values among them."""
    if stencil.text is None or not all(FLOWING.fullmatch(value.text) for value in taken.values()):
        return None
    places = {name: value.text for name, value in taken.items()}
    addressed = {}
    for place, (link, address) in enumerate(zip(stencil.links, addresses, strict=True)):
        words, shown = (link.words % places).strip(), address.removeprefix("mailto:")
        if not words:
            return None
        addressed[f"{place}@"] = f" ({shown})" if shown and words not in (shown, address) else ""
    return stencil.text % (places | addressed)


def _take(value: str) -> Fragment:
    plain = several_lines(value)
    return Fragment(html=escaped(plain).replace("\n", "<br>"), text=plain)


_taken = lru_cache(maxsize=1024)(_take)  # most values stand in several templates, and in the messages of many bookings
