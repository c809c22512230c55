"""Results as text, as JSON and as Markdown. `latest.json` keeps of each letter the last result, whenever that was."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.figures import Claim, Result, Series

LATEST = "latest.json"


def keep(folder: Path, result: Result, circumstances: dict[str, Any]) -> str:
    """Write a result and its text; return the text. What `latest.json` has of other letters stays."""
    text = table(result, circumstances)
    (folder / f"{result.letter}.txt").write_text(text, "utf-8")
    found = latest(folder)
    found[result.letter] = {**circumstances, **result.as_json()}
    ordered = {letter: found[letter] for letter in sorted(found)}
    scratch = folder / f"{LATEST}.new"
    scratch.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", "utf-8")
    scratch.replace(folder / LATEST)
    return text


def latest(folder: Path) -> dict[str, Any]:
    """Return what is known by letter."""
    path = folder / LATEST
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def table(result: Result, circumstances: dict[str, Any]) -> str:
    """Return a result for people to read: a line for each series, and one for each claim."""
    lines = [f"{result.letter}. {result.title}", _where(circumstances), ""]
    lines += _columns(
        [
            ("", "unit", "median", "least", "most", "runs"),
            *[_row(one, with_panel=True) for one in result.series],
        ]
    )
    lines += ["", *map(_verdict, result.claims)]
    lines += [f"note: {note}" for note in result.notes]
    return "\n".join(lines) + "\n"


def markdown(found: dict[str, Any]) -> str:
    """Return the table of docs/benchmarks.md, made from what `latest` gave."""
    lines = []
    for letter, one in found.items():
        trial = " **A trial: sizes too small to tell anything.**" if one["trial"] else ""
        lines += [f"### {letter}. {one['title']}", "", f"{_where(one)}{trial}", ""]
        lines += ["| | unit | median | least | most | runs |", "| --- | --- | --: | --: | --: | --: |"]
        lines += [f"| {' | '.join(_row(_series(each), with_panel=True))} |" for each in one["series"]]
        lines += ["", *(f"- {_verdict(_claim(each))}" for each in one["acceptance"])]
        lines += [f"- {note}" for note in one["notes"]]
        lines.append("")
    return "\n".join(lines)


def number(value: float) -> str:
    """Return a number with as many digits as it deserves: three that count, and no fewer than stand before the point."""
    if value != value or abs(value) >= 100:  # noqa: PLR0124  not a number is not even itself
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _where(circumstances: dict[str, Any]) -> str:
    machine = circumstances["machine"]
    postgres = f", PostgreSQL {machine['postgresql']}" if machine.get("postgresql") else ""
    return (
        f"{circumstances['date']}, revision {circumstances['revision']}, {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_mib'] / 1024:.0f} GiB, Linux {machine['kernel']}, Python {machine['python']}, SQLite "
        f"{machine['sqlite']}{postgres}, a flush to the disk takes {machine['flush_ms']} ms"
    )


def _row(one: Series, *, with_panel: bool) -> tuple[str, ...]:
    name = f"{one.panel}: {one.name}" if with_panel else one.name
    values = (one.median, min(one.values), max(one.values))
    return (name, one.unit, *map(number, values), str(len(one.values)))


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _verdict(claim: Claim) -> str:
    word = "at most" if claim.at_most else "at least"
    found = f"{claim.text}: {number(claim.value)}, {word} {number(claim.limit)} is asked for"
    return f"{found}: {'met' if claim.met else 'NOT MET'}"


def _series(one: dict[str, Any]) -> Series:
    return Series(panel=one["panel"], name=one["name"], unit=one["unit"], values=tuple(one["values"]))


def _claim(one: dict[str, Any]) -> Claim:
    return Claim(text=one["claim"], value=one["value"], limit=one["limit"], at_most=one["at_most"])
