"""A result as a picture: a bar for each median, a dot for each run, a line where the limit is."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.figures import Claim, Result, Series
from bench.results import number

WIDTH = 10.0  # inches
BAR = 0.42  # inches
FRAME = 1.15  # inches for a panel's title and axis
_BARS, _RUNS, _LIMIT = "#9db8d2", "#1f4e79", "#c0392b"


def draw(path: Path, result: Result, subtitle: str) -> None:
    """Write the picture of a result to `path`, as PNG."""
    mpl.use("Agg")
    panels: dict[str, list[Series]] = {}
    for one in result.series:
        panels.setdefault(one.panel, []).append(one)
    heights = [BAR * len(series) + FRAME for series in panels.values()]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.7), layout="constrained")
    figure.suptitle(f"{result.letter}. {result.title}\n{subtitle}", fontsize=11)
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
    for place, (title, series) in enumerate(panels.items()):
        _panel(axes[place][0], title, series, [claim for claim in result.claims if claim.panel == title])
    figure.savefig(path, dpi=110)


def _panel(axes: Axes, title: str, series: Sequence[Series], claims: Sequence[Claim]) -> None:
    places = range(len(series))
    axes.barh(places, [one.median for one in series], color=_BARS, height=0.6)
    for place, one in enumerate(series):
        axes.plot(one.values, [place] * len(one.values), "o", color=_RUNS, markersize=3.5, alpha=0.7)
    axes.set_yticks(places, [f"{one.name}: {number(one.median)}" for one in series], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08 * max(*(max(one.values) for one in series), *(claim.limit for claim in claims), 1e-9))
    axes.set_xlabel(series[0].unit, fontsize=8)
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", alpha=0.3)
    limits = {claim.limit: claim for claim in claims}
    for limit, claim in limits.items():
        what = "asked for" if len(limits) == 1 else f"asked for, {claim.text}"
        label = f"{what}: {'at most' if claim.at_most else 'at least'} {number(limit)}"
        axes.axvline(limit, color=_LIMIT, linestyle="--", linewidth=1.4, label=label)
    if claims:
        axes.legend(fontsize=7, loc="best")
