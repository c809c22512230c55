"""Sources and their calls on the wire: ours."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from tocsin.domain.sources.looks import Look
from tocsin.domain.sources.source import InboundCall, Source, SourceKind
from tocsin.schemas.fields import Address, Name, Shown, StrictlySent, plain
from tocsin.schemas.paging import PageQuery, Pagination
from tocsin.services.sources import LONGEST_SECRET, SourceDraft

_Secret = Annotated[str, Field(max_length=LONGEST_SECRET), plain]
_HEADER_NAME = r"^[A-Za-z0-9-]+$"
_States = Literal["new", "applied", "nothing_to_do", "not_understood", "failed"]
_Kinds = Literal["cal_com", "calendly", "easy_appointments", "acuity", "generic"]


def _is_header_name(value: str) -> str:
    if not re.fullmatch(_HEADER_NAME, value):
        raise ValueError("must be the name of a header: letters, digits and hyphens")
    return value


_HeaderName = Annotated[
    str, Field(max_length=64, json_schema_extra={"pattern": _HEADER_NAME}), AfterValidator(_is_header_name)
]


class SourceIn(StrictlySent):
    """Another scheduler that is to report its bookings. Which fields it needs besides is in docs/sources.md."""

    source: _Kinds
    name: Name | None = None
    secret: _Secret = ""
    header: _HeaderName | None = None
    api_url: Annotated[str, Field(max_length=500), plain] = ""
    api_token: _Secret = ""
    user_id: Annotated[str, Field(max_length=100), plain] = ""
    host_email: Address | None = None

    @property
    def draft(self) -> SourceDraft:
        """The same in our words."""
        return SourceDraft(
            kind=SourceKind(self.source),
            name=self.name or "",
            secret=self.secret,
            header=self.header or "",
            api_url=self.api_url,
            api_token=self.api_token,
            user_id=self.user_id,
            host_email=self.host_email or "",
        )


class LookOut(Shown):
    """How the looks go, by which the other product is asked for what no call has told; docs/sources.md, Catching up.

    `last_looked_at` is when the last whole one began, `found` how many bookings the last or present one changed, `trouble` what
    went wrong or could not be used. `next_look_at` is null while it is held.
    """

    last_looked_at: datetime | None
    next_look_at: datetime | None
    found: int
    trouble: str | None

    @classmethod
    def of(cls, look: Look) -> Self:
        """Return `look` as it is shown."""
        return cls(
            last_looked_at=look.looked_at,
            next_look_at=look.next_at,
            found=look.found,
            trouble=look.trouble or None,
        )


class LookAnswer(Shown):
    """The answer to look now."""

    look: LookOut


class SourceOut(Shown):
    """A source. `url` is what it calls, and `steps` are what a person does there. `look` is null if it cannot look."""

    id: str
    source: str
    name: str
    url: str
    header: str | None
    api_url: str | None
    user_id: str | None
    host_email: str | None
    steps: list[str]
    look: LookOut | None
    created_at: datetime

    @classmethod
    def of(cls, source: Source, url: str, steps: tuple[str, ...], look: Look | None) -> Self:
        """Return `source` as it is shown; its secrets are not."""
        return cls(
            id=source.id,
            source=source.kind.value,
            name=source.name,
            url=url,
            header=source.header or None,
            api_url=source.api_url or None,
            user_id=source.user_id or None,
            host_email=source.host_email or None,
            steps=list(steps),
            look=None if look is None else LookOut.of(look),
            created_at=source.created_at,
        )


class NewSourceOut(SourceOut):
    """A source that was just made. `secret` is the one that was made for it, which nothing shows again; null: your own."""

    secret: str | None = None


class NewSourceAnswer(Shown):
    """The answer to create."""

    source: NewSourceOut


class SourceAnswer(Shown):
    """The answer to show."""

    source: SourceOut


class SourcesAnswer(Shown):
    """The answer to list."""

    sources: list[SourceOut]


class CallsQuery(PageQuery):
    """Which calls are wanted."""

    state: _States | None = None


class CallOut(Shown):
    """A call that came from a source: what became of it, in a sentence; `times` counts the same body."""

    id: str
    state: str
    sentence: str
    times: int
    received_at: datetime
    last_received_at: datetime
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, call: InboundCall) -> Self:
        """Return `call` as it is shown in a list."""
        return cls(
            id=call.id,
            state=call.state.value,
            sentence=call.sentence,
            times=call.times,
            received_at=call.received_at,
            last_received_at=call.last_at,
            next_attempt_at=call.next_at,
        )


class FullCallOut(CallOut):
    """A call with its body; null once that was forgotten."""

    body: str | None = None


class CallAnswer(Shown):
    """The answer to replay."""

    call: CallOut


class FullCallAnswer(Shown):
    """The answer to show a call."""

    call: FullCallOut


class CallsAnswer(Shown):
    """The answer to list calls."""

    calls: list[CallOut]
    pagination: Pagination
