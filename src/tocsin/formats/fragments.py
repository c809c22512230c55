"""Fragments of a mail's body: what the sanitiser makes of a template is found out once, and filled for each message.

What a filled template is, `html.fill` and `html.to_text` say; a stencil of it says the same, sooner. It is cut from a template
that the sanitiser leaves as it is written: there, no text between the tags can change a tag. All others go the long way, and
so do values that would read differently among other words.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from tocsin.domain.templates import LONGEST_OUTPUT, Variable, parse
from tocsin.domain.text import several_lines
from tocsin.formats import html
from tocsin.formats.markup import TAGS, Odd, Tag, is_tidy, read
from tocsin.formats.stencils import FLOWING, Fragment, Href, Link, Stencil, escaped, put

_LONG = 4_096  # characters; of templates and values that are longer only few are kept
_GROWTH = 5  # what the sanitiser is given is at most so many times as long as what it returns: a quote comes as `&#39;`

_SAMPLE = "https://sample.example/?a=1&b=2"
_SAMPLES = (_SAMPLE, "a 'sample'", "")
# A reference to a character that a value, or what comes behind a link that is left out, could complete.
_OPEN_REFERENCE = re.compile(r"&[#A-Za-z0-9]*(?:https://sample\.example|<a )")
_WITHIN_A_LINE = re.compile(r"</?(?:strong|em|s|code|u|span)>")
# Stand for a value and for a link's address while the plain words of a stencil are written.
_VALUE, _ADDRESS = "https://{}.value.invalid/", "https://{}.address.invalid/"
_VALUES = re.compile(r"https://([0-9]+)\.value\.invalid/")
_ADDRESSES = re.compile(r" \(https://([0-9]+)\.address\.invalid/\)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Prepared:
    """A template, the names of its variables, and its stencil; None if it must be sanitised anew with each filling."""

    template: str
    names: tuple[str, ...]
    stencil: Stencil | None


def filled(template: str, values: Mapping[str, str]) -> Fragment:
    """Return what `html.fill` makes of `template` and `values`, and what `html.to_text` makes of that.

    Raises UnsafeHtmlError as they do.
    """
    prepared = (_prepared_long if len(template) > _LONG else _prepared_short)(template)
    chosen = tuple([values.get(name, "") for name in prepared.names])
    is_long = len(template) + sum(map(len, chosen)) > _LONG
    return (_fragment if is_long else _fragments)(prepared, chosen)


def _fragment(prepared: _Prepared, chosen: tuple[str, ...]) -> Fragment:
    """Return the template filled with a value for each of its names."""
    values = dict(zip(prepared.names, chosen, strict=True))
    found = None if prepared.stencil is None else put(prepared.stencil, values)
    return found or _whole(prepared.template, values)


def _whole(template: str, values: Mapping[str, str]) -> Fragment:
    document = html.fill(template, values)
    return Fragment(html=document, text=html.to_text(document))


def _prepared(template: str) -> _Prepared:
    names = tuple(dict.fromkeys(piece.name for piece in parse(template) if isinstance(piece, Variable)))
    return _Prepared(template=template, names=names, stencil=_cut(template, names))


def _cut(template: str, names: tuple[str, ...]) -> Stencil | None:
    hrefs: list[Href] = []
    sample = html.written(template, dict.fromkeys(names, _SAMPLE))
    is_plain = is_tidy(template) and several_lines(template, limit=len(template)) == template
    if not is_plain or _OPEN_REFERENCE.search(sample):
        return None
    pattern = "".join(_pieces(template, hrefs))
    links = tuple(Link(href=href, words=_words(pattern, place)) for place, href in enumerate(hrefs))
    try:
        stencil = Stencil(
            html=pattern,
            text=_text(pattern, names, links),
            links=links,
            longest=len(html.fill(template, {})) + (LONGEST_OUTPUT - len(html.written(template, {}))) // _GROWTH,
        )
        return stencil if all(_agrees(stencil, template, dict.fromkeys(names, each)) for each in _SAMPLES) else None
    except html.UnsafeHtmlError:
        return None


def _agrees(stencil: Stencil, template: str, values: Mapping[str, str]) -> bool:
    return put(stencil, values) == _whole(template, values)


def _pieces(template: str, hrefs: list[Href]) -> Iterator[str]:
    """Yield the pieces of the pattern of a tidy template; add the address of each link to `hrefs`."""
    open_links: list[int] = []
    for _, piece in read(template):
        if not isinstance(piece, Tag):
            yield from map(_text_piece, parse(piece.source if isinstance(piece, Odd) else piece))
        elif piece.name != "a":
            yield f"<{'/' * piece.is_end}{piece.name}>" if piece.name in TAGS else ""
        elif piece.is_end:
            yield f"%({open_links.pop()}>)s"
        else:
            yield f"%({len(hrefs)}<)s"
            open_links.append(len(hrefs))
            hrefs.append(tuple(parse(piece.href.strip())))


def _text_piece(piece: str | Variable) -> str:
    return f"%({piece.name})s" if isinstance(piece, Variable) else escaped(unescape(piece)).replace("%", "%%")


def _words(pattern: str, place: int) -> str:
    """Return the words of a link as a pattern; nothing if they are not a part of one line."""
    inner = pattern.partition(f"%({place}<)s")[2].partition(f"%({place}>)s")[0]
    bare = _WITHIN_A_LINE.sub("", inner)
    return unescape(bare) if "<" not in bare and FLOWING.fullmatch(unescape(bare)) else ""


def _text(pattern: str, names: tuple[str, ...], links: tuple[Link, ...]) -> str | None:
    """Return the plain words of an HTML pattern, as a pattern, or None if an address does not stand right behind its link."""
    if ".invalid/" in pattern or not all(link.words for link in links):
        return None
    marks = {name: _VALUE.format(number) for number, name in enumerate(names)}
    for place in range(len(links)):
        marks |= {f"{place}<": f'<a href="{_ADDRESS.format(place)}">', f"{place}>": "</a>"}
    text, found = _ADDRESSES.subn(r"%(\1@)s", html.to_text(pattern % marks).replace("%", "%%"))
    return _VALUES.sub(lambda mark: f"%({names[int(mark[1])]})s", text) if found == len(links) else None


# Templates are few and come often; the letters of one booking differ in little and come together.
_prepared_short = lru_cache(maxsize=256)(_prepared)
_prepared_long = lru_cache(maxsize=8)(_prepared)
_fragments = lru_cache(maxsize=16)(_fragment)
