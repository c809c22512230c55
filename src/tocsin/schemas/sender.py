"""The sender on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from tocsin.domain.dkim import DkimKey
from tocsin.domain.evidence import Check
from tocsin.domain.identity import Identity
from tocsin.schemas.fields import Shown


class CheckOut(Shown):
    """How one check went; `record` is the line to add to the zone, if one is missing."""

    name: str
    grade: str
    sentence: str
    record: str | None

    @classmethod
    def of(cls, check: Check) -> Self:
        """Return `check` as it is shown."""
        return cls(name=check.name, grade=check.grade.value, sentence=check.sentence, record=check.record or None)


class DkimKeyOut(Shown):
    """A DKIM key; nothing shows its private half."""

    domain: str
    selector: str
    algorithm: str
    state: str
    record: str
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None

    @classmethod
    def of(cls, key: DkimKey) -> Self:
        """Return `key` as it is shown."""
        return cls(
            domain=key.domain,
            selector=key.selector,
            algorithm=key.algorithm.value,
            state=key.state.value,
            record=key.zone_line,
            created_at=key.created_at,
            activated_at=key.activated_at,
            retired_at=key.retired_at,
        )


class SenderOut(Shown):
    """A sender, what people will see of it, how each check went, and the workspace's DKIM keys."""

    address: str
    sentence: str
    checks: list[CheckOut]
    dkim: list[DkimKeyOut]

    @classmethod
    def of(cls, identity: Identity, keys: Iterable[DkimKey]) -> Self:
        """Return a sender as it is shown."""
        return cls(
            address=identity.address,
            sentence=identity.sentence,
            checks=[CheckOut.of(check) for check in identity.checks],
            dkim=[DkimKeyOut.of(key) for key in keys],
        )


class SenderAnswer(Shown):
    """The answer to show."""

    sender: SenderOut
