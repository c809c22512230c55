"""YAML as people write it by hand: read strictly, each value with its line, and written so that it reads back the same.

Only what YAML 1.2 calls true, false, null and a whole number is something else than text. What YAML 1.1 makes of words that
people type is not made here: `no` and `on` are no flags, `10:30` is no number of seconds, `2026-11-24` is no date.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST = 4_194_304  # characters
DEEPEST = 32
MOST_VALUES = 200_000  # with what aliases repeat
_ANY_WIDTH = 1_000_000  # lines are never folded: a folded line cannot be compared with its neighbour's

# Written in C where the package was built with it; both read and write the same.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")


class YamlError(ValueError):
    """What cannot be read, in a sentence; `line` counts from 1, 0 if it is about the whole."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read. `lines` says on which line the value of a path such as `rules[0].actions[1].emails` begins."""

    value: Any
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int:
        """Return the line of a path, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Return the one document in `text`. Raises YamlError."""
    if len(text) > LARGEST:
        raise YamlError(f"has {len(text)} characters; at most {LARGEST} are read")
    odd = _NEVER.search(text)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise YamlError(f"holds the control character U+{ord(odd.group()):04X}; remove it", line=line)
    reader = _Reader()
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(f"is no YAML: {error.problem or error.context}", line=mark.line + 1 if mark else 0) from error
    except yaml.YAMLError as error:
        raise YamlError("is no YAML: it holds a character that YAML does not allow") from error
    if not reader.documents:
        raise YamlError("is empty")
    return Document(value=reader.value, lines=reader.lines)


def write(value: object) -> str:
    """Return `value` (objects, lists, texts, whole numbers, flags, null) as YAML that `read`, and other readers, read back."""
    written: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_ANY_WIDTH
    )
    return written


@dataclass(slots=True)
class _Open:
    """An object or list that has begun; `name` is the field whose value comes next."""

    holds: dict[str, Any] | list[Any]
    path: str
    anchor: str | None
    counted: int  # how many values there were before it
    name: str | None = None


@dataclass(slots=True)
class _Reader:
    """Builds the value from the parser's events, without recursion and within limits."""

    value: Any = None
    documents: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    _count: int = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(line)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _document(self, line: int) -> None:
        self.documents += 1
        if self.documents > 1:
            raise YamlError("holds a second document; take the `---` out or keep it in a file of its own", line=line)

    def _scalar(self, event: Any, line: int) -> None:
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            raise YamlError("a tag such as !!int is not read here; take it out", line=line)
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.holds, dict) and top.name is None:
            self._name(top, event.value, line)
            return
        is_plain = event.style is None or event.style == ""
        value = _plain(event.value) if is_plain and event.tag is None else event.value
        self._put(value, line, size=1, anchor=event.anchor)

    def _name(self, top: _Open, name: str, line: int) -> None:
        if name in top.holds:
            raise YamlError(f"names {name} twice; keep one of them", line=line)
        top.name = name

    def _alias(self, event: Any, line: int) -> None:
        if event.anchor not in self._anchors:
            raise YamlError(f"the alias *{event.anchor} names nothing that stands before it", line=line)
        value, size = self._anchors[event.anchor]
        self._put(value, line, size=size, anchor=None)

    def _begin(self, event: Any, line: int) -> None:
        if event.tag is not None:
            raise YamlError("a tag such as !!map is not read here; take it out", line=line)
        if len(self._open) >= DEEPEST:
            raise YamlError(f"is nested deeper than {DEEPEST}", line=line)
        holds: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        counted = self._count
        path = self._put(holds, line, size=1, anchor=None)
        self._open.append(_Open(holds=holds, path=path, anchor=event.anchor, counted=counted))

    def _end(self) -> None:
        done = self._open.pop()
        if done.anchor is not None:
            self._anchors[done.anchor] = (done.holds, self._count - done.counted)

    def _put(self, value: Any, line: int, *, size: int, anchor: str | None) -> str:
        """Put a value where it belongs, and return its path."""
        self._count += size
        if self._count > MOST_VALUES:
            raise YamlError(f"holds more than {MOST_VALUES} values", line=line)
        if anchor is not None:
            self._anchors[anchor] = (value, 1)
        if not self._open:
            self.value, path = value, ""
        else:
            path = self._into(self._open[-1], value, line)
        self.lines[path] = line
        return path

    @staticmethod
    def _into(top: _Open, value: Any, line: int) -> str:
        if isinstance(top.holds, list):
            top.holds.append(value)
            return f"{top.path}[{len(top.holds) - 1}]"
        if top.name is None:
            raise YamlError("the name of a field must be a word", line=line)
        name, top.name = top.name, None
        top.holds[name] = value
        return f"{top.path}.{name}" if top.path else name


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE.fullmatch(text) else text


class _Dumper(_DUMPER):  # type: ignore[misc]  # one of two classes
    """Writes texts of several lines as blocks, lists of numbers in a line, and everything in full."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the base's signature
        """Repeat what stands twice, because people edit one of them."""
        return True


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _list(dumper: Any, values: list[Any]) -> Any:
    in_a_line = bool(values) and all(isinstance(one, int) for one in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=in_a_line)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
