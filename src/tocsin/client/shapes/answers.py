"""Answers: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict


class Answers(TypedDict):
    """Answers by the code of their question. Those to `guest_email_s` are addresses, every other one is kept as text."""

    guest_email_s: NotRequired[list[str] | str | None]
