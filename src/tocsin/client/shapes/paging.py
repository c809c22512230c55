"""Paging: shapes of the API, written by `make reference`."""

from typing import TypedDict


class Pagination(TypedDict):
    """Where in the listing this page is."""

    total_records: int
    total_pages: int
    current_page_number: int
    page_size: int
