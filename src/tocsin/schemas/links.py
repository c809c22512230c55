"""Scheduling links on the wire, where they are called meetings, and their templates."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field

from tocsin.domain.model import LinkKind, SchedulingLink
from tocsin.schemas.fields import Address, Line, OptionalLine, Paragraphs, Sent, Shown, Url, plain
from tocsin.schemas.paging import PageQuery, Pagination
from tocsin.services.links import LinkDraft

LONGEST = 1440  # minutes: a day
# Fields of the original that mean nothing here but are kept, so that clients read back what they wrote.
_KEPT = {
    "start_time_increment": 30,
    "is_multiple_durations_allowed": False,
    "is_multiple_spots_allowed": False,
    "before_buffer_time": 0,
    "after_buffer_time": 0,
    "locked_time_zone": None,
}
# Fields of the original that its clients read, with values that promise nothing.
_NEUTRAL: dict[str, Any] = {
    "organization_id": None,
    "durations_possible": [],
    "durations": [],
    "spots": [],
    "deleted_at": None,
    "schedulable_range_type": "number_of_days_into_the_future",
    "schedulable_range_value": "365",
    "lead_time": 0,
    "rescheduling_lead_time": 0,
    "cancellation_lead_time": 0,
    "pre_booking_allowed": True,
    "booking_modification_allowed": True,
    "cancellation_too_late_notice": None,
    "cancellation_policy": None,
    "rescheduling_too_late_notice": None,
    "is_email_reminders_enabled": False,
    "is_sms_reminders_enabled": False,
    "conditional_pricing_enabled": False,
    "original_price_enabled": False,
    "original_price": None,
    "fees": [],
}


def _slug(value: str) -> str:
    if not value.replace("-", "a").replace("_", "a").isalnum() or value != value.lower() or not value.isascii():
        raise ValueError("must be made of a-z, 0-9, hyphens and underscores")
    return value


def _kind(value: str) -> str:
    if value not in list(LinkKind):
        raise ValueError(f"must be one of {', '.join(LinkKind)}")
    return value


Slug = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_slug)]


class LinksQuery(PageQuery):
    """Which links are wanted."""

    search: Annotated[str, Field(max_length=100), plain] = ""
    host_email: Annotated[str, Field(max_length=254), plain] = ""


class LinkChange(Sent):
    """What to change of a link; what is left out, or null, stays."""

    slug: Slug | None = None
    name: Line | None = None
    hosts: Annotated[list[Address], Field(min_length=1, max_length=50)] | None = None
    duration: Annotated[int, Field(ge=1, le=LONGEST, description="minutes")] | None = None
    description: Paragraphs | None = None
    kind: Annotated[str, AfterValidator(_kind)] | None = None
    spot: OptionalLine | None = None
    spot_custom_text: OptionalLine | None = None
    spot_in_person_location: OptionalLine | None = None
    spot_phone_call_number: OptionalLine | None = None
    scheduling_url: Url | None = None
    disabled: bool | None = None
    requires_approval: bool | None = None
    start_time_increment: Annotated[int, Field(ge=1, le=LONGEST)] | None = None
    is_multiple_durations_allowed: bool | None = None
    is_multiple_spots_allowed: bool | None = None
    before_buffer_time: Annotated[int, Field(ge=0, le=LONGEST)] | None = None
    after_buffer_time: Annotated[int, Field(ge=0, le=LONGEST)] | None = None
    locked_time_zone: OptionalLine | None = None

    def draft(self) -> LinkDraft:
        """Return the same in our words."""
        details = (self.spot_in_person_location, self.spot_phone_call_number, self.spot_custom_text)
        kept = {name: getattr(self, name) for name in _KEPT}
        return LinkDraft(
            slug=self.slug,
            name=self.name,
            hosts=None if self.hosts is None else tuple(self.hosts),
            duration=None if self.duration is None else timedelta(minutes=self.duration),
            description=self.description,
            kind=None if self.kind is None else LinkKind(self.kind),
            spot=self.spot,
            spot_details=next((text for text in details if text), None),
            scheduling_url=self.scheduling_url,
            is_disabled=self.disabled,
            requires_approval=self.requires_approval,
            extras={name: value for name, value in kept.items() if value is not None},
        )


class LinkIn(LinkChange):
    """A link as it is asked for: slug, name, hosts and duration at least, unless a template gives them."""

    slug: Slug
    template_id: Annotated[str, Field(max_length=64), plain] | None = None

    def missing(self) -> list[str]:
        """Return the fields that neither the request nor a template gives."""
        if self.template_id is not None:
            return []
        return [name for name in ("name", "hosts", "duration") if getattr(self, name) is None]


class LinkOut(Shown):
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
    created_at: datetime
    updated_at: datetime
    extras: Annotated[dict[str, Any], Field(exclude=True)]

    @classmethod
    def of(cls, link: SchedulingLink, *, base_url: str) -> Self:
        """Return `link` as it is shown; `base_url` is where its workspace lives."""
        return cls(
            id=link.id,
            sid=link.sid,
            name=link.name,
            slug=link.slug,
            description=link.description,
            kind=link.kind.value,
            duration=int(link.duration.total_seconds() // 60),
            hosts=[host.email for host in link.hosts],
            spot=link.spot or None,
            spot_custom_text=_if(link, link.spot not in ("in_person", "phone_call")),
            spot_in_person_location=_if(link, link.spot == "in_person"),
            spot_phone_call_number=_if(link, link.spot == "phone_call"),
            scheduling_url=link.scheduling_url or f"{base_url}/{link.slug}",
            disabled=link.is_disabled,
            requires_approval=link.requires_approval,
            is_template=link.is_template,
            created_at=link.created_at,
            updated_at=link.updated_at,
            extras=_NEUTRAL | _KEPT | link.extras,
        )

    def wire(self) -> dict[str, Any]:
        """Return it as JSON values, with the fields of the original that mean nothing here among the others."""
        return self.extras | super().wire()


class LinkAnswer(Shown):
    """The answer to show, create and update in v2. v1 adds a `message`, and shows a link unwrapped."""

    meeting: LinkOut


class LinksAnswer(Shown):
    """The answer to list."""

    meetings: list[LinkOut]
    pagination: Pagination


class TemplateAnswer(Shown):
    """The answer to show, create and update of templates."""

    meeting_template: LinkOut


class TemplatesAnswer(Shown):
    """The answer to list templates."""

    meeting_templates: list[LinkOut]
    pagination: Pagination


class FormerTemplatesAnswer(Shown):
    """The answer to list templates in v1."""

    templates: list[LinkOut]
    pagination: Pagination


def _if(link: SchedulingLink, applies: bool) -> str | None:  # noqa: FBT001  reads well where it is called
    return link.spot_details or None if applies else None
