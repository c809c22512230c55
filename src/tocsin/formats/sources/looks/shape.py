"""The one shape of all looks: a page is asked for and read, and says where the next one is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.domain.sources.looks import Sight
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.formats.sources.fields import Fields, NotUnderstoodError
from tocsin.formats.sources.shape import Answers, Question

BACK = timedelta(days=1)  # how long ago a meeting may have begun that is still looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a step goes by.

    `at` is when it is asked, `since` from when on changes are wanted, `position` where the look goes on, empty at its
    beginning. `expected` are the bookings that are live here and begin after `at` less BACK, as the source calls them.
    """

    access: Access
    at: datetime
    since: datetime
    position: str = ""
    expected: frozenset[str] = frozenset()

    @property
    def earliest(self) -> datetime:
        """From when on meetings are looked at."""
        return self.at - BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a step found, or what has to be asked (also) first. `position` is where the look goes on; empty: it is at its end.

    `remark` says what of it could not be used.
    """

    sights: tuple[Sight, ...] = ()
    position: str = ""
    questions: tuple[Question, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """How one product is looked at. `step` raises NotUnderstoodError for an answer that is none."""

    kind: SourceKind
    step: Callable[[View, Answers], Page]
    is_always_able: bool = False


def rows_of(answer: object, what: str) -> list[Fields]:
    """Return the objects of a list that was answered. Raises NotUnderstoodError for anything else."""
    if not isinstance(answer, list):
        raise NotUnderstoodError(f"it answered no list of {what}; is its address right?")
    return [Fields(one) for one in answer if isinstance(one, dict)]


def sights_of(rows: Iterable[Fields], read: Callable[[Fields], Sight | None]) -> tuple[tuple[Sight, ...], str]:
    """Return what is seen in rows, and what is wrong with the first that cannot be read; None is looked past."""
    found, remark = [], ""
    for row in rows:
        try:
            sight = read(row)
        except NotUnderstoodError as error:
            remark = remark or f"a booking could not be used: {error}"
            continue
        if sight is not None:
            found.append(sight)
    return tuple(found), remark


def written(moment: datetime) -> str:
    """Return a moment as APIs take it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
