"""HTML bodies: templates are checked when saved, filled when sent, and sanitised last, as a whole.

This is what a filled template is; `formats/fragments.py` says the same, sooner.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

import nh3
from markupsafe import escape

from tocsin.domain.templates import LONGEST_OUTPUT, Variable, parse
from tocsin.domain.text import several_lines
from tocsin.formats import links, markup
from tocsin.formats.markup import DEEPEST, TAGS, Odd, Tag, read, unescaped
from tocsin.formats.plaintext import to_text

__all__ = [
    "CLOSING",
    "UnsafeHtmlError",
    "anchor",
    "clean",
    "complaints",
    "fill",
    "is_right_to_left",
    "page",
    "target",
    "to_text",
    "written",
]

CLOSING = "\n</body>\n</html>\n"
_REL = "noopener noreferrer"
_LONGEST = 4 * LONGEST_OUTPUT  # characters; repairing tags that overlap can make a document many times as long
_LONG = 16_384  # characters; a longer page is not kept for the next letter
_RIGHT_TO_LEFT = frozenset(("ar", "he", "iw", "fa", "ur", "yi", "ps", "sd", "ug", "dv", "ckb"))
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_UP_TO_THE_HOST = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class UnsafeHtmlError(ValueError):
    """What came out of the sanitiser must not go out: tags nested without end, or something that is not allowed."""


def complaints(template: str) -> list[str]:
    """Return what is wrong with `template` as HTML, each as a sentence with line and column; takes linear time.

    Refused: tags, attributes and schemes beyond the allow-list, comments, links that are relative or hold a
    user-info, and a variable anywhere but in text, as all of an href, or in its query or fragment.
    """
    found = markup.complaints(template)
    if found or markup.is_tidy(template):
        return found
    # A browser, and the sanitiser, open what was left open again in each paragraph: 64 KB can become 2 MB.
    try:
        clean(template)
    except UnsafeHtmlError as error:
        return [f"tags overlap too much: {error}; close each tag inside of the one in which it was opened"]
    return []


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with its variables replaced, sanitised. A variable without a value becomes empty.

    A value is text: its `<` and `{{` appear as typed, and its line ends become `<br>`. As all of an href it must be an
    http, https or mailto address, or the link is dropped and its text kept; as a part of one it is percent-encoded.
    """
    return clean(written(template, values)[:LONGEST_OUTPUT])


def written(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with its variables replaced, as `fill` gives it to the sanitiser."""
    return "".join(_pieces(template, values))


def clean(document: str) -> str:
    """Return `document` with nothing but the allowed tags, and full http, https and mailto links without user-info.

    Raises UnsafeHtmlError if the result, read again by a reader that shares nothing with the sanitiser, holds more than
    that, is nested deeper than 50 levels, or is longer than a mail should be.
    """
    if markup.depth(document) > DEEPEST:
        # Before the sanitiser too: deep nesting takes it quadratic time, and once overflowed its stack (ammonia, 2019).
        raise UnsafeHtmlError(f"nested deeper than {DEEPEST} levels")
    cleaned = _CLEANER.clean(several_lines(document, limit=_LONGEST))
    if len(cleaned) > _LONGEST:
        raise UnsafeHtmlError(f"longer than {_LONGEST} characters after sanitising")
    _assert_clean(cleaned)
    return cleaned


def target(href: Sequence[str | Variable], values: Mapping[str, str]) -> str:
    """Return the address that the pieces of a link lead to. It may be none: `links.link` tells."""
    if len(href) == 1 and isinstance(href[0], Variable):
        return values.get(href[0].name, "")
    return "".join(
        quote(several_lines(values.get(piece.name, "")), safe="", errors="replace")
        if isinstance(piece, Variable)
        else unescaped(piece)
        for piece in href
    )


def anchor(address: str) -> tuple[str, str]:
    """Return the start tag of a link to `address` as `fill` leaves it, and the address in it; both may be nothing."""
    uri = links.link(address)
    if not uri:
        return "", ""
    # The sanitiser knows hosts and ports that cannot be. What follows them it never minds (WHATWG URL, 4.4).
    host = _UP_TO_THE_HOST.match(uri)
    if links.link(uri) != uri or not _is_kept(uri if host is None else host[0]):
        return f'<a rel="{_REL}">', ""
    return f'<a href="{uri.replace("&", "&amp;")}" rel="{_REL}">', uri


def page(fragment: str, *, locale: str) -> str:
    """Return the beginning of an HTML document in the language of `locale`, up to `fragment`; `CLOSING` is its end."""
    return (_page if len(fragment) > _LONG else _pages)(fragment, locale)


def is_right_to_left(language: str) -> bool:
    """Tell whether a language, or a locale written with hyphens, is written from right to left."""
    return language.partition("-")[0].lower() in _RIGHT_TO_LEFT


def _page(fragment: str, locale: str) -> str:
    language = locale.replace("_", "-")
    if _LANGUAGE.fullmatch(language) is None:
        language = "en"
    direction = ' dir="rtl"' if is_right_to_left(language) else ""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title></title>'
    return f'<!DOCTYPE html>\n<html lang="{language}"{direction}>\n<head>{head}</head>\n<body>\n{fragment}'


_pages = lru_cache(maxsize=16)(_page)  # to have the very same object is worth more here than not to write it anew


def _pieces(template: str, values: Mapping[str, str]) -> Iterator[str]:
    # Tags are written anew rather than copied, so that a value's place is known by construction and not by looking back.
    for _, piece in read(template):
        if isinstance(piece, Tag):
            yield _tag(piece, values)
        else:
            yield _text(piece.source if isinstance(piece, Odd) else piece, values)


def _tag(tag: Tag, values: Mapping[str, str]) -> str:
    if tag.name not in TAGS:
        return ""
    if tag.is_end:
        return f"</{tag.name}>"
    if tag.name != "a":
        return f"<{tag.name}>"
    found = links.link(target(list(parse(tag.href.strip())), values))
    return f'<a href="{escape(found)}">' if found else ""


def _text(source: str, values: Mapping[str, str]) -> str:
    return "".join(
        _shown(values.get(piece.name, ""))
        if isinstance(piece, Variable)
        else piece.replace("<", "&lt;").replace(">", "&gt;")
        for piece in parse(source)
    )


def _shown(value: str) -> str:
    return str(escape(several_lines(value))).replace("\n", "<br>")


@lru_cache(maxsize=512)
def _is_kept(uri: str) -> bool:
    return "href" in _CLEANER.clean(f'<a href="{escape(uri)}"></a>')


def _only_links(_tag: str, attribute: str, value: str) -> str | None:
    # nh3 asks about the `rel` that it has added itself, too.
    return links.link(value) or None if attribute == "href" else value


def _assert_clean(document: str) -> None:
    for at, piece in read(document):
        if isinstance(piece, Odd) or (isinstance(piece, Tag) and not _is_allowed(piece)):
            raise UnsafeHtmlError(f"not allowed after sanitising, at character {at}")
    if markup.depth(document) > DEEPEST:
        raise UnsafeHtmlError(f"nested deeper than {DEEPEST} levels after sanitising")


def _is_allowed(tag: Tag) -> bool:
    if tag.name != "a":
        return tag.name in TAGS and not tag.attributes
    rest = dict(tag.attributes)
    href = rest.pop("href", None)
    if href is None:
        return rest in ({}, {"rel": _REL})
    return links.link(unescaped(href)) != "" and rest == {"rel": _REL}


# One for all: to make one takes longer than to clean a mail with it. The `*` takes away `lang` and `title`, which nh3
# allows everywhere by default.
_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    attributes={"*": set(), "a": {"href"}},
    attribute_filter=_only_links,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    strip_comments=True,
    link_rel=_REL,
)
