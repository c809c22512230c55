"""Small charts, drawn on the server: the numbers as shapes of an SVG, whose colours are the style sheet's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 120  # of a chart of columns, in its own units
_GAP = 8
_THINNEST = 2  # one of a thousand is to be seen too


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A rectangle that stands for a number; `kind` is its class."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """All blocks of one thing, and what is told of it."""

    label: str
    told: str
    middle: float
    blocks: Sequence[Block]


def columns(labels: Sequence[str], counts: Sequence[Mapping[str, int]]) -> list[Column]:
    """Return a column for each label, its counts one above the other; the highest fills the chart."""
    most = max((sum(one.values()) for one in counts), default=0) or 1
    step = WIDTH / max(len(labels), 1)
    return [
        Column(
            label=label,
            told=", ".join(f"{number} {kind}" for kind, number in one.items() if number) or "none",
            middle=round(place * step + step / 2, 1),
            blocks=_stacked(one, x=place * step + _GAP / 2, width=step - _GAP, most=most),
        )
        for place, (label, one) in enumerate(zip(labels, counts, strict=True))
    ]


def shares(counts: Mapping[str, int]) -> list[Block]:
    """Return one bar, WIDTH wide, cut into the shares of `counts`."""
    total, x, found = sum(counts.values()), 0.0, []
    for kind, number in counts.items():
        width = WIDTH * number / total if total else 0
        if width:
            found.append(Block(x=round(x, 1), y=0, width=round(width, 1), height=16, kind=_class(kind)))
        x += width
    return found


def _stacked(counts: Mapping[str, int], *, x: float, width: float, most: int) -> list[Block]:
    top, found = float(HEIGHT), []
    for kind, number in counts.items():
        if number:
            height = max(_THINNEST, HEIGHT * number / most)
            top -= height
            block = Block(
                x=round(x, 1),
                y=round(max(top, 0), 1),
                width=round(width, 1),
                height=round(height, 1),
                kind=_class(kind),
            )
            found.append(block)
    return found


def _class(kind: str) -> str:
    return kind.replace(" ", "-").replace("_", "-")
