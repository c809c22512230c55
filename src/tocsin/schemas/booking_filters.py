"""Which bookings are wanted, in both versions' spelling; and v1's reasons in the query."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from tocsin.schemas.fields import Asked, Moment, Reason, moment_of, plain
from tocsin.schemas.paging import PageQuery
from tocsin.services.ports import BookingFilter

_RULES = ("", "at", "after", "before", "between")


class CancelQuery(Asked):
    """v1's cancel and reject carry the reason in the query."""

    cancel_reason: Reason = ""
    rejection_reason: Reason = ""


class BookingsQuery(PageQuery):
    """Which bookings are wanted, in both versions' spelling."""

    type: Literal["upcoming", "past", "cancelled", "incomplete"] | None = None
    host_email: Annotated[str, Field(max_length=254), plain] = ""
    client_email: Annotated[str, Field(max_length=254), plain] = ""
    sorting_key: Literal["created_at", "starts_at"] = "created_at"
    sorting_order: Literal["asc", "desc"] = "desc"
    search: Annotated[str, Field(max_length=100), plain] = ""
    meeting_sid: Annotated[str, Field(max_length=64), plain] = ""
    starts_after: Moment | None = None
    starts_before: Moment | None = None
    starts_at_rule: Annotated[str, Field(alias="filters[starts_at][rule]")] = ""
    starts_at_value: Annotated[str, Field(alias="filters[starts_at][value]", validate_default=True)] = ""
    ends_at_rule: Annotated[str, Field(alias="filters[ends_at][rule]")] = ""
    ends_at_value: Annotated[str, Field(alias="filters[ends_at][value]", validate_default=True)] = ""

    @field_validator("starts_at_rule", "ends_at_rule")
    @classmethod
    def _known_rule(cls, rule: str) -> str:
        if rule not in _RULES:
            raise ValueError("must be at, after, before or between")
        return rule

    @field_validator("starts_at_value", "ends_at_value")
    @classmethod
    def _fitting(cls, value: str, known: ValidationInfo) -> str:
        # A rule that is wrong is not known here, and complained of by itself.
        _span(known.data.get(str(known.field_name).replace("value", "rule"), ""), value)
        return value

    def wanted(self, *, link_id: str) -> BookingFilter:
        """Return the same in our words; `link_id` is the link that `meeting_sid` names."""
        starts_from, starts_until = _span(self.starts_at_rule, self.starts_at_value)
        ends_from, ends_until = _span(self.ends_at_rule, self.ends_at_value)
        return BookingFilter(
            type=self.type or "",
            client_email=self.client_email,
            host_email=self.host_email,
            link_id=link_id,
            search=self.search,
            starts_from=self.starts_after or starts_from,
            starts_until=self.starts_before or starts_until,
            ends_from=ends_from,
            ends_until=ends_until,
            order_by=self.sorting_key,
            descending=self.sorting_order == "desc",
        )


def _span(rule: str, value: str) -> tuple[datetime | None, datetime | None]:
    """Return v1's filter as from (inclusive) and until (exclusive)."""
    instant = timedelta(microseconds=1)
    match rule, [moment_of(text.strip()) for text in value.split(",") if rule and text]:
        case "", _:
            return None, None
        case "at", [moment]:
            return moment, moment + instant
        case "after", [moment]:
            return moment + instant, None
        case "before", [moment]:
            return None, moment
        case "between", [first, last]:
            return first, last + instant
    raise ValueError("must be one time, or for the rule between two times with a comma")
