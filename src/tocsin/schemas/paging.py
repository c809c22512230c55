"""Paging, the same for every listing."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tocsin.schemas.fields import Asked, Shown
from tocsin.services.ports import Page

LARGEST_PAGE = 100


def _whole(value: object) -> object:
    # pydantic reads 1_0 as 10 and 1.0 as 1.
    if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]{1,20}", value.strip()):
        raise ValueError("must be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]


class PageQuery(Asked):
    """Which page is wanted."""

    page_number: Annotated[Whole, Field(ge=1, le=1_000_000, description="from 1")] = 1
    page_size: Annotated[Whole, Field(ge=1, le=LARGEST_PAGE)] = 30

    @property
    def page(self) -> Page:
        """The same in our words."""
        return Page(number=self.page_number, size=self.page_size)


class Pagination(Shown):
    """Where in the listing this page is."""

    total_records: int
    total_pages: int
    current_page_number: int
    page_size: int


def listing(name: str, shown: Sequence[Shown], total: int, page: Page) -> dict[str, Any]:
    """Return the body of a listing: the entries under `name`, and the pagination."""
    pagination = Pagination(
        total_records=total,
        total_pages=-(-total // page.size),
        current_page_number=page.number,
        page_size=page.size,
    )
    return {name: [one.wire() for one in shown], "pagination": pagination.wire()}
