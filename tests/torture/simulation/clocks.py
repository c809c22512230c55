"""Time in a simulation: true time goes on, the clock on the wall may be set, and the monotonic one never is."""

from datetime import datetime, timedelta

from tests.builders import NOON

_NONE = timedelta(0)


class Clocks:
    """The clocks of all processes of one machine; called, it is the one on the wall, by which the store goes."""

    def __init__(self) -> None:
        self.elapsed = _NONE
        self.offset = _NONE
        self.latest = NOON  # what the clock on the wall has shown at the latest
        self.jumped_at: timedelta | None = None

    def __call__(self) -> datetime:
        """Return what the clock on the wall shows."""
        return NOON + self.elapsed + self.offset

    def monotonic(self) -> float:
        """Return what `time.monotonic` says in a simulation, in seconds."""
        return 1000.0 + self.elapsed.total_seconds()

    def go_on_to(self, elapsed: timedelta) -> None:
        """Let time pass until so much of it has."""
        self.elapsed = max(self.elapsed, elapsed)
        self.latest = max(self.latest, self())

    def set_off(self, by: timedelta) -> None:
        """Let the clock on the wall be wrong by so much from now on."""
        if by != self.offset:
            self.jumped_at = self.elapsed
        self.offset = by
        self.latest = max(self.latest, self())
