"""For how long a workspace keeps what was."""

from dataclasses import dataclass
from datetime import timedelta

MESSAGES = timedelta(days=30)  # unless somebody says otherwise; bookings are kept as long as their workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """For how many days after their ends, as far as somebody has said: the words of messages, and whole bookings."""

    messages: int | None = None
    bookings: int | None = None

    @property
    def words(self) -> timedelta:
        """For how long the words of messages are kept."""
        return MESSAGES if self.messages is None else timedelta(days=self.messages)
