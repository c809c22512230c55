"""Links: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.paging import Pagination


class LinkChange(TypedDict):
    """What to change of a link; what is left out, or null, stays."""

    slug: NotRequired[str | None]
    name: NotRequired[str | None]
    hosts: NotRequired[list[str] | None]
    duration: NotRequired[int | None]
    description: NotRequired[str | None]
    kind: NotRequired[str | None]
    spot: NotRequired[str | None]
    spot_custom_text: NotRequired[str | None]
    spot_in_person_location: NotRequired[str | None]
    spot_phone_call_number: NotRequired[str | None]
    scheduling_url: NotRequired[str | None]
    disabled: NotRequired[bool | None]
    requires_approval: NotRequired[bool | None]
    start_time_increment: NotRequired[int | None]
    is_multiple_durations_allowed: NotRequired[bool | None]
    is_multiple_spots_allowed: NotRequired[bool | None]
    before_buffer_time: NotRequired[int | None]
    after_buffer_time: NotRequired[int | None]
    locked_time_zone: NotRequired[str | None]


class LinkIn(TypedDict):
    """A link as it is asked for: slug, name, hosts and duration at least, unless a template gives them."""

    slug: str
    name: NotRequired[str | None]
    hosts: NotRequired[list[str] | None]
    duration: NotRequired[int | None]
    description: NotRequired[str | None]
    kind: NotRequired[str | None]
    spot: NotRequired[str | None]
    spot_custom_text: NotRequired[str | None]
    spot_in_person_location: NotRequired[str | None]
    spot_phone_call_number: NotRequired[str | None]
    scheduling_url: NotRequired[str | None]
    disabled: NotRequired[bool | None]
    requires_approval: NotRequired[bool | None]
    start_time_increment: NotRequired[int | None]
    is_multiple_durations_allowed: NotRequired[bool | None]
    is_multiple_spots_allowed: NotRequired[bool | None]
    before_buffer_time: NotRequired[int | None]
    after_buffer_time: NotRequired[int | None]
    locked_time_zone: NotRequired[str | None]
    template_id: NotRequired[str | None]


class Link(TypedDict):
    """A link."""

    id: str
    sid: str
    name: str
    slug: str
    description: str
    kind: str
    duration: int
    hosts: list[str]
    spot: str | None
    spot_custom_text: str | None
    spot_in_person_location: str | None
    spot_phone_call_number: str | None
    scheduling_url: str
    disabled: bool
    requires_approval: bool
    is_template: bool
    created_at: str
    updated_at: str


class LinkAnswer(TypedDict):
    """The answer to show, create and update in v2. v1 adds a `message`, and shows a link unwrapped."""

    meeting: Link


class LinksAnswer(TypedDict):
    """The answer to list."""

    meetings: list[Link]
    pagination: Pagination


class TemplateAnswer(TypedDict):
    """The answer to show, create and update of templates."""

    meeting_template: Link


class TemplatesAnswer(TypedDict):
    """The answer to list templates."""

    meeting_templates: list[Link]
    pagination: Pagination
