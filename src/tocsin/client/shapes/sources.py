"""Sources: shapes of the API, written by `make reference`."""

from typing import Literal, NotRequired, TypedDict

from tocsin.client.shapes.paging import Pagination


class Call(TypedDict):
    """A call that came from a source: what became of it, in a sentence; `times` counts the same body."""

    id: str
    state: str
    sentence: str
    times: int
    received_at: str
    last_received_at: str
    next_attempt_at: str | None


class FullCall(TypedDict):
    """A call with its body; null once that was forgotten."""

    id: str
    state: str
    sentence: str
    times: int
    received_at: str
    last_received_at: str
    next_attempt_at: str | None
    body: NotRequired[str | None]


class Look(TypedDict):
    """How the looks go, by which the other product is asked for what no call has told; docs/sources.md, Catching up."""

    last_looked_at: str | None
    next_look_at: str | None
    found: int
    trouble: str | None


class SourceIn(TypedDict):
    """Another scheduler that is to report its bookings. Which fields it needs besides is in docs/sources.md."""

    source: Literal["cal_com", "calendly", "easy_appointments", "acuity", "generic"]
    name: NotRequired[str | None]
    secret: NotRequired[str]
    header: NotRequired[str | None]
    api_url: NotRequired[str]
    api_token: NotRequired[str]
    user_id: NotRequired[str]
    host_email: NotRequired[str | None]


class CallAnswer(TypedDict):
    """The answer to replay."""

    call: Call


class CallsAnswer(TypedDict):
    """The answer to list calls."""

    calls: list[Call]
    pagination: Pagination


class FullCallAnswer(TypedDict):
    """The answer to show a call."""

    call: FullCall


class LookAnswer(TypedDict):
    """The answer to look now."""

    look: Look


class NewSource(TypedDict):
    """A source that was just made. `secret` is the one that was made for it, which nothing shows again; null: your own."""

    id: str
    source: str
    name: str
    url: str
    header: str | None
    api_url: str | None
    user_id: str | None
    host_email: str | None
    steps: list[str]
    look: Look | None
    created_at: str
    secret: NotRequired[str | None]


class Source(TypedDict):
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
    look: Look | None
    created_at: str


class NewSourceAnswer(TypedDict):
    """The answer to create."""

    source: NewSource


class SourceAnswer(TypedDict):
    """The answer to show."""

    source: Source


class SourcesAnswer(TypedDict):
    """The answer to list."""

    sources: list[Source]
