"""What is measured, and the arithmetic on it: series of runs, medians, claims, results."""

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Runs = dict[str, dict[str, list[float]]]  # contender, measure: a value of each run


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One measure of one contender, a value for each run. Series of one `panel` share an axis in the plot."""

    panel: str
    name: str
    unit: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"{self.panel}, {self.name}: nothing was measured")

    @property
    def median(self) -> float:
        """The median of the runs."""
        return median(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the issue asks for, and what was found. With `panel` its limit is drawn there as a line."""

    text: str
    value: float
    limit: float
    at_most: bool = False
    panel: str = ""

    @property
    def met(self) -> bool:
        """Whether what was found is within the limit. What could not be measured (not a number) never is."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one benchmark found. `figures` are the numbers that others look for by name, such as ratio_to_limit."""

    letter: str
    title: str
    series: tuple[Series, ...]
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()
    figures: Mapping[str, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the same as JSON values, every single run included."""
        return {
            "title": self.title,
            "runs": max(len(one.values) for one in self.series),
            "series": [
                {
                    "panel": one.panel,
                    "name": one.name,
                    "unit": one.unit,
                    "median": one.median,
                    "values": list(one.values),
                }
                for one in self.series
            ],
            "acceptance": [
                {"claim": one.text, "limit": one.limit, "at_most": one.at_most, "value": one.value, "met": one.met}
                for one in self.claims
            ],
            "notes": list(self.notes),
            **(self.figures or {}),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that at least `share` (0 to 1) of them do not exceed: the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratios(own: Iterable[float], others: Iterable[float]) -> tuple[float, ...]:
    """Return own by other for each run. Both ran one after the other, so what slowed the machine down slowed both."""
    return tuple(mine / theirs for mine, theirs in zip(own, others, strict=True))


def interleaved(times: int, contenders: Mapping[str, Callable[[], Mapping[str, float]]]) -> Runs:
    """Let the contenders run in turn, `times` times; return what each run of each gave."""
    found: Runs = {name: {} for name in contenders}
    for turn in range(1, times + 1):
        for name, run in contenders.items():
            measured = run()
            for measure, value in measured.items():
                found[name].setdefault(measure, []).append(value)
            told = ", ".join(f"{measure} {value:.4g}" for measure, value in measured.items())
            print(f"  run {turn} of {times}, {name}: {told}", file=sys.stderr, flush=True)
    return found
