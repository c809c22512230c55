"""The plain-text part of a mail, made from the same tree as its HTML part."""

import re

from tocsin.formats.markup import DEEPEST, Tag, read, unescaped

_BLANKS = re.compile(r"[ \t\n\r\f]+")
_BLOCKS = frozenset(("h1", "h2", "h3", "h4", "h5", "p"))
_LISTS = frozenset(("ul", "ol"))


def to_text(fragment: str) -> str:
    """Return what `fragment`, which is sanitised HTML, says in plain words.

    Paragraphs stand apart by an empty line, list items begin with `- ` or their number, and a link is followed by its
    address unless it shows it already. No line ends in a blank, and the text neither begins nor ends with an empty one.
    """
    writer = _Writer()
    for _, piece in read(fragment):
        if isinstance(piece, str):
            writer.text(unescaped(piece))
        elif isinstance(piece, Tag):
            writer.tag(piece)
    return writer.finished()


class _Writer:
    """Collects lines; knows the lists and the link that it stands in."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._counters: list[int | None] = []  # of each open list the number of its last item; None if it has bullets
        self._href = ""
        self._link_text: list[str] = []

    def text(self, value: str) -> None:
        flowing = _BLANKS.sub(" ", value)
        if not self._line or self._line[-1].endswith(" "):
            flowing = flowing.lstrip(" ")
        if flowing:
            if not self._line:
                self._line.append(self._indent(len(self._counters)))
            self._line.append(flowing)
            self._link_text.append(flowing)

    def tag(self, tag: Tag) -> None:
        if tag.name == "br":
            self._end_line()
        elif tag.name == "a":
            self._close_link() if tag.is_end else self._open_link(tag)
        elif tag.name == "li":
            self._end_item() if tag.is_end else self._begin_item()
        elif tag.name in _LISTS:
            self._close_list() if tag.is_end else self._open_list(tag)
        elif tag.name in _BLOCKS:
            self._end_block()

    def finished(self) -> str:
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")

    def _end_line(self) -> None:
        self._lines.append("".join(self._line).rstrip(" "))
        self._line = []

    def _end_block(self) -> None:
        # An item begins on the line of its bullet, also if its text stands in a paragraph.
        if self._line and not _is_bullet(self._line):
            self._end_line()
        if not self._counters and not self._line:
            self._lines.append("")

    def _open_link(self, tag: Tag) -> None:
        self._href, self._link_text = unescaped(tag.href), []

    def _close_link(self) -> None:
        shown = "".join(self._link_text).strip()
        address = self._href.removeprefix("mailto:")
        if address and shown not in (address, self._href):
            self.text(f" ({address})" if shown else address)
        self._href = ""

    def _open_list(self, tag: Tag) -> None:
        self._end_block()
        self._counters.append(0 if tag.name == "ol" else None)

    def _close_list(self) -> None:
        self._counters = self._counters[:-1]
        self._end_block()

    def _begin_item(self) -> None:
        if self._line:
            self._end_line()
        self._line.append(f"{self._indent(len(self._counters) - 1)}{self._bullet()} ")

    def _end_item(self) -> None:
        if self._line:
            self._end_line()

    def _indent(self, levels: int) -> str:
        return "  " * min(levels, DEEPEST)

    def _bullet(self) -> str:
        number = self._counters[-1] if self._counters else None
        if number is None:
            return "-"
        self._counters[-1] = number + 1
        return f"{number + 1}."


def _is_bullet(line: list[str]) -> bool:
    return len(line) == 1 and re.fullmatch(r" *(?:-|[0-9]+\.) ", line[0]) is not None
