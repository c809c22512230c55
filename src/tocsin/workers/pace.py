"""The pace of a relay: how much to claim at once, so that what is in hand is sent in about a second."""

from datetime import timedelta

FEWEST = 8  # deliveries
MOST = 250  # deliveries; of more at once, none gets any faster
FIRST = 20  # deliveries, before anything is known
IN_HAND = timedelta(
    seconds=1
)  # what is in hand keeps others' deliveries waiting, and is given back when a worker stops


class Pace:
    """How fast one thread sends."""

    def __init__(self) -> None:
        self.limit = FIRST  # deliveries to be claimed at once

    def took(self, number: int, *, seconds: float) -> None:
        """Take note that so many deliveries were sent in so many seconds."""
        if number < self.limit and number < FEWEST:
            return  # too few to tell
        wanted = int(number * IN_HAND.total_seconds() / max(seconds, 0.001))
        self.limit = max(FEWEST, min(MOST, wanted, 2 * self.limit))
