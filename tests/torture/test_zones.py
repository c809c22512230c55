"""A17: around every change of clocks, in every zone, what is due when is the same as a second implementation says."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.builders import a_booking
from tests.pinned_zones import the_pinned_copy  # noqa: F401  pytest finds it by its name
from tests.torture import tzif
from tests.torture.rig import Rig
from tocsin.domain.events import EventKind
from tocsin.domain.schedule import due_at
from tocsin.formats import zones

_OFFSETS = tuple(timedelta(**one) for one in ({"minutes": 5}, {"hours": 1}, {"hours": 24}, {"days": 1}, {"weeks": 1}))
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  of clocks on walls
_MINUTE = 60


def walls(at: int, before: int, behind: int) -> set[datetime]:
    """Return what clocks show around a change, and in the gap or the time that comes twice that it makes."""
    shown = {at + before - _MINUTE, at + before, at + behind, at + behind + _MINUTE, at + (before + behind) // 2}
    return {_EPOCH + timedelta(seconds=one // _MINUTE * _MINUTE) for one in shown}


def differences(name: str) -> Iterator[tuple[str, int]]:
    """Yield what differs in a zone, empty for what does not, and 1 for each that was compared."""
    second = tzif.zone(name)
    for change in second.changes(zones.EARLIEST_YEAR, 2037):
        for wall in sorted(walls(*change)):
            if wall.year < zones.EARLIEST_YEAR:
                continue
            starts_at = zones.instant(wall.date(), wall.time(), name)
            booking = a_booking(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))
            if starts_at != second.instant(wall):
                yield f"{name} {wall} is {starts_at} and not {second.instant(wall)}", 1
            dues = [due_at(EventKind.BEFORE_MEETING_STARTS, booking, offset=offset) for offset in _OFFSETS]
            for due, offset in zip(dues, _OFFSETS, strict=True):
                is_same = zones.local(due, name).replace(tzinfo=None) == second.local(second.instant(wall) - offset)
                yield "" if is_same else f"{name} {wall} minus {offset} is due at {due}", 1


def test_around_every_change_of_clocks_what_is_due_is_what_a_second_implementation_says(rig: Rig) -> None:
    every = sorted(zones.ZONES)
    names = random.Random(17).sample(every, rig.size(quick=25, nightly=len(every)))

    compared = [one for name in names for one in differences(name)]

    wrong = [text for text, _ in compared if text]
    changes = sum(len(tzif.zone(name).changes(zones.EARLIEST_YEAR, 2037)) for name in names)
    assert changes > 10 * len(names)
    text = f"{len(wrong)} wrong of {len(compared):,}: {len(names)} of {len(every)} zones with {changes:,} changes"
    rig.found("A17", text + "".join(f"\n{one}" for one in wrong[:5]), is_met=not wrong)


def test_the_second_implementation_knows_gaps_and_times_that_come_twice() -> None:
    york, howe, dublin = (tzif.zone(name) for name in ("America/New_York", "Australia/Lord_Howe", "Europe/Dublin"))

    def at(zone: tzif.Zone, text: str) -> str:
        return zone.instant(datetime.fromisoformat(text)).strftime("%d %H:%M")

    assert (at(york, "2026-03-08 02:30"), at(york, "2026-11-01 01:30")) == ("08 07:30", "01 05:30")
    assert (at(howe, "2026-10-04 02:15"), at(howe, "2026-04-05 01:45")) == ("03 15:45", "04 14:45")
    assert (at(dublin, "2026-01-15 12:00"), at(dublin, "2026-07-15 12:00")) == ("15 12:00", "15 11:00")
