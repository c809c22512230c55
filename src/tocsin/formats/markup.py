"""The little HTML that mails may hold: its tags, a linear reader for it, and what a template field may not hold.

Not html.parser: 64 KB of `<a ` keep it busy for 34 seconds, `<![` raises AssertionError, and it reads comments and scripts
differently in each patch release of Python. This reader knows tags and text, and calls everything else forbidden.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from tocsin.domain import templates
from tocsin.domain.text import one_line
from tocsin.formats import links

TAGS = frozenset(
    ("h1", "h2", "h3", "h4", "h5", "br", "strong", "em", "a", "s", "code", "u", "ul", "ol", "li", "p", "span")
)
DEEPEST = 50  # levels; browsers and mail readers recurse
_MOST_COMPLAINTS = 20  # nobody reads more, and 64 KB can hold 20,000 wrong tags
_MOST_PIECES = 10_000  # a long letter has a few hundred; what the sanitiser makes of 20,000 open paragraphs takes 0.1 s
_LONGEST_COMPLAINT = 300  # characters

_Complaint = tuple[int, str, str]  # where in the source, what is wrong, and what would be right

_SELF_CLOSING = frozenset(("h1", "h2", "h3", "h4", "h5", "p", "li"))  # browsers end one of these when the next begins
# A tag ends at the first `>` outside of quotes. What was found by looking ahead is never gone back into, so that a tag without
# an end is found out in one pass; possessive groups, which say the same, are wrong in Python before 3.11.5.
_START = re.compile(r"<(?:[!?]|/?[A-Za-z]|/?\{\{)")
_TAG = re.compile(
    r"""<(/?)(?=((?:[^\s/>]|\{\{[^{}<>]*\}\})*))\2(?=((?:[^"'>]|"[^"]*"|'[^']*')*))\3>""",
)
_ATTRIBUTE = re.compile(r"""([^\s/>=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']*))?""")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]{1,32});")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start or end tag; the values of its attributes are as written, but without quotes."""

    name: str
    is_end: bool
    attributes: tuple[tuple[str, str], ...]

    @property
    def href(self) -> str:
        """The first href, as browsers take it, or nothing."""
        return next((value for name, value in self.attributes if name == "href"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """What is neither text nor a whole tag: a comment, a declaration, or a tag without an end."""

    source: str


def read(source: str) -> Iterator[tuple[int, str | Tag | Odd]]:
    """Yield the pieces of `source` in order, each with its place; text as it is written. Takes linear time."""
    end = 0
    while (start := _START.search(source, end)) is not None:
        at = start.start()
        if at > end:
            yield end, source[end:at]
        tag = _TAG.match(source, at) if source[at + 1] not in "!?" else None
        if tag is not None:
            end = tag.end()
            yield at, _parsed(tag[0])
        else:
            # Without an end, all of the rest belongs to it: to go on behind the `<` would take quadratic time.
            end = (source.find(">", at) + 1 if source[at + 1] in "!?" else 0) or len(source)
            yield at, Odd(source=source[at:end])
    if end < len(source):
        yield end, source[end:]


def unescaped(source: str) -> str:
    """Return `source` with character references replaced; only those with a semicolon, as browsers do in attributes."""
    return _REFERENCE.sub(lambda reference: html.unescape(reference.group()), source)


def complaints(template: str) -> list[str]:
    """Return what a template may not hold as HTML, each as a sentence with the place; at most 20.

    Unknown variables are not its business: `domain.templates.complaints`. Tags that are not closed are fine.
    """
    found = []
    for at, what, right in islice(_complaints(template), _MOST_COMPLAINTS):
        line, column = template.count("\n", 0, at) + 1, at - template.rfind("\n", 0, at)
        found.append(one_line(f"{what} (line {line}, column {column}); {right}", limit=_LONGEST_COMPLAINT))
    return found


def is_tidy(template: str) -> bool:
    """Tell whether each tag of `template` is closed inside of the one in which it was opened."""
    open_tags: list[str] = []
    for _, piece in read(template):
        if isinstance(piece, Tag) and piece.is_end:
            if not open_tags or open_tags.pop() != piece.name:
                return False
        elif isinstance(piece, Tag) and piece.name != "br":
            open_tags.append(piece.name)
    return not open_tags


def depth(document: str) -> int:
    """Return how many levels deep the tags of `document` are nested, roughly as a browser reads them; 51 if deeper."""
    open_tags: list[str] = []
    deepest = 0
    for _, piece in read(document):
        if isinstance(piece, Tag):
            _nest(open_tags, piece)
            deepest = max(deepest, len(open_tags))
            if deepest > DEEPEST:
                break
    return deepest


def _nest(open_tags: list[str], tag: Tag) -> None:
    if tag.is_end:
        if tag.name in open_tags:
            while open_tags.pop() != tag.name:
                pass
    elif tag.name != "br":
        if open_tags and tag.name in _SELF_CLOSING and open_tags[-1] in ("p", tag.name):
            open_tags.pop()
        open_tags.append(tag.name)


@lru_cache(maxsize=256)
def _parsed(source: str) -> Tag:
    _, name, attributes = _TAG.fullmatch(source).groups()  # type: ignore[union-attr]  # `read` has just matched it
    found = ((name.lower(), _unquoted(value)) for name, value in _ATTRIBUTE.findall(attributes))
    return Tag(name=name.lower(), is_end=source[1] == "/", attributes=tuple(found))


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in ("'", '"') else value


def _complaints(template: str) -> Iterator[_Complaint]:
    open_tags: list[str] = []
    for count, (at, piece) in enumerate(read(template)):
        if count > _MOST_PIECES:
            yield at, f"there are more than {_MOST_PIECES} tags and texts up to here", "shorten it"
            return
        if isinstance(piece, Odd):
            yield at, *_odd(piece)
        elif isinstance(piece, Tag):
            for wrong, right in _tag(piece):
                yield at, wrong, right
            _nest(open_tags, piece)
            if len(open_tags) > DEEPEST:
                yield at, f"tags are nested deeper than {DEEPEST} levels", "close some"
                return


def _odd(piece: Odd) -> tuple[str, str]:
    if piece.source[1] in "!?":
        return "comments and declarations (<!…>, <?…>) are not allowed", "remove it"
    return "a tag begins here that has no end (>)", "write &lt; for the sign itself"


@lru_cache(maxsize=256)
def _tag(tag: Tag) -> tuple[tuple[str, str], ...]:
    return tuple(_tag_complaints(tag))


def _tag_complaints(tag: Tag) -> Iterator[tuple[str, str]]:
    if "{{" in tag.name:
        yield "a variable cannot be the name of a tag", "write &lt; for the sign itself"
        return
    if tag.name not in TAGS:
        yield f"<{tag.name[:40]}> is not allowed", f"allowed tags: {' '.join(sorted(TAGS))}"
        return
    for name, value in tag.attributes:
        if "{{" in name or "}}" in name:
            yield f"a variable cannot be an attribute of <{tag.name}>", 'it can be the value of one: href="{{…}}"'
        elif tag.is_end or (tag.name, name) != ("a", "href"):
            yield f"the attribute {name[:40]} of <{tag.name}> is not allowed", "the only one is href of <a>"
        else:
            yield from _href(value)


def _href(value: str) -> Iterator[tuple[str, str]]:
    pieces = list(templates.parse(value.strip()))
    if len(pieces) == 1 and isinstance(pieces[0], templates.Variable):
        return
    before = ""
    for piece in pieces:
        if isinstance(piece, templates.Variable) and "?" not in before and "#" not in before:
            yield f"{{{{{piece.name}}}}} stands in a link before its ? or #", "it can be all of the link, or come after"
            return
        before += "x" if isinstance(piece, templates.Variable) else unescaped(piece)
    if not links.link(before):
        yield "the address of this link is not allowed", "write it in full: https://…, http://… or mailto:…"
