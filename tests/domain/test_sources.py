"""Bookings of other schedulers: which of those that follow each other holds, and addresses that nobody can guess."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tocsin.domain.sources.address import source_of, token_of
from tocsin.domain.sources.chain import External, chain_of
from tocsin.domain.sources.news import Known, Stamped
from tocsin.domain.sources.source import Access

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = b"0" * 32


def external(name: str, *, continues: str = "", minute: int = 0) -> External:
    at = AT + timedelta(minutes=minute)
    return External(id=name, known=Known(continues=Stamped(at=at, value=continues) if continues else None))


def names(start: str, *found: External) -> list[str]:
    return [one.id for one in chain_of({one.id: one for one in found}, start).links]


def test_bookings_that_follow_each_other_are_one_chain_wherever_one_begins() -> None:
    found = external("a"), external("b", continues="a"), external("c", continues="b")

    assert [names(start, *found) for start in "abc"] == [["a", "b", "c"]] * 3


def test_of_two_that_want_one_place_the_earlier_gets_it_and_the_other_stands_for_itself() -> None:
    found = external("a"), external("late", continues="a", minute=2), external("early", continues="a", minute=1)

    assert names("a", *found) == ["a", "early"]
    assert names("late", *found) == ["late"]


def test_bookings_that_name_each_other_in_a_circle_come_to_an_end() -> None:
    assert names("a", external("a", continues="b"), external("b", continues="a")) == ["b", "a"]


@pytest.mark.parametrize("token", ["", "short", "0" * 52, "!" * 52, "ä" * 52])
def test_what_is_no_address_of_ours_names_no_source(token: str) -> None:
    assert source_of(token, workspace_id="w", secret=SECRET) is None


def test_an_address_names_its_source_in_its_own_workspace_only() -> None:
    source_id = str(uuid4())
    token = token_of(source_id, workspace_id="w", secret=SECRET)

    assert source_of(token, workspace_id="w", secret=SECRET) == source_id
    assert source_of(token, workspace_id="other", secret=SECRET) is None


def test_secrets_of_a_source_are_never_shown() -> None:
    assert "very secret" not in repr(Access(secret="very secret", api_token="very secret"))
