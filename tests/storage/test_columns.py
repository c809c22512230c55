from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, NOON
from tocsin.storage.columns import as_json, bucket, instant, maybe_instant, maybe_micros, micros


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert instant(micros(moment)) == moment


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_moments_and_their_columns_have_the_same_order(one: datetime, other: datetime) -> None:
    assert (one < other) == (micros(one) < micros(other))


def test_the_zone_of_a_moment_does_not_matter() -> None:
    assert micros(NOON.astimezone(timezone(5 * HOUR))) == micros(NOON)
    assert instant(micros(NOON)).tzinfo is UTC


def test_no_moment_is_null() -> None:
    assert maybe_micros(None) is None
    assert maybe_instant(None) is None


def test_the_first_moment_is_not_null() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    assert maybe_micros(epoch) == 0
    assert maybe_instant(0) == epoch
    assert maybe_instant(1) == epoch + timedelta(microseconds=1)


def test_json_is_compact_and_readable() -> None:
    assert as_json({"é": ["👩", None]}) == '{"é":["👩",null]}'


@pytest.mark.parametrize(
    ("text", "hash_"), [("", 0xCBF29CE484222325), ("a", 0xAF63DC4C8601EC8C), ("foobar", 0x85944171F73967E8)]
)
def test_the_bucket_of_a_workspace_never_changes(text: str, hash_: int) -> None:
    # The published values of FNV-1a in 64 bits.
    assert bucket(text) == hash_ % 64


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_there_are_64_buckets(text: str) -> None:
    assert 0 <= bucket(text) < 64
