"""A test send on the wire: ours."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field

from tocsin.domain.delivery import Delivery
from tocsin.schemas.deliveries import DeliveryOut
from tocsin.schemas.fields import Address, Shown
from tocsin.schemas.preview import PreviewIn


class TestSendIn(PreviewIn):
    """A rule as it could be saved, the booking to try it on, and who gets its messages."""

    recipient: Annotated[Address, Field(description="the address of a team member, to which all of it goes")]


class TestSendAnswer(Shown):
    """The answer to test-send: the deliveries, of which each can be followed in the log."""

    deliveries: list[DeliveryOut]

    @classmethod
    def of(cls, deliveries: Iterable[Delivery]) -> Self:
        """Return `deliveries` as they are shown."""
        return cls(deliveries=[DeliveryOut.of(one) for one in deliveries])
