"""Limits on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.domain.pause import Pause
from tocsin.schemas.fields import Asked, Shown, plain
from tocsin.services.limits import Use


class LimitsQuery(Asked):
    """For whom limits to one recipient, or one domain, are to be shown."""

    recipient: Annotated[
        str, Field(max_length=254, description="an address; shows how far its own limits are used"), plain
    ] = ""


class LimitOut(Shown):
    """A limit and how far it is used.

    `used`, `left` and `frees_at` are null where it counts for each recipient or domain, and none was asked for. `frees_at` is
    when the next message may leave, and null while there is a place.
    """

    scope: str
    most: int
    window_s: int
    used: int | None
    left: int | None
    frees_at: datetime | None

    @classmethod
    def of(cls, use: Use) -> Self:
        """Return `use` as it is shown."""
        return cls(
            scope=use.limit.scope.value,
            most=use.limit.most,
            window_s=int(use.limit.window.total_seconds()),
            used=use.used,
            left=use.left,
            frees_at=use.frees_at,
        )


class LimitsAnswer(Shown):
    """The answer: all limits, and whether sending is paused."""

    limits: list[LimitOut]
    sending_paused_at: datetime | None
    sending_paused_because: str | None

    @classmethod
    def of(cls, uses: list[Use], pause: Pause | None) -> Self:
        """Return `uses` and `pause` as they are shown."""
        return cls(
            limits=[LimitOut.of(use) for use in uses],
            sending_paused_at=None if pause is None else pause.since_at,
            sending_paused_because=None if pause is None else pause.because,
        )
