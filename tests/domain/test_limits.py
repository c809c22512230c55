"""Limits: how they are written, and that no window whatever holds more than its limit."""

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND
from tocsin.domain.limits import Buckets, Limit, Limits, Refusal, Scope, admit, free_from, parse

WEEK = 7 * DAY
THREE_A_DAY = Limit(scope=Scope.RECIPIENT, most=3, window=DAY)


def send(limit: Limit, times: list[datetime], buckets: Buckets | None = None) -> tuple[Buckets, list[datetime]]:
    """Ask to send at each of `times`; return what is counted then, and when something was sent."""
    counted, sent = buckets or Buckets(), []
    for now in times:
        after = admit(counted, limit, now)
        if isinstance(after, Buckets):
            counted = after
            sent.append(now)
    return counted, sent


def fullest(sent: list[datetime], window: timedelta) -> int:
    """Return how many the fullest window holds, its first and last moment included. The naive model."""
    return max((bisect_right(sent, start + window) - bisect_left(sent, start) for start in sent), default=0)


# How limits are written


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", ()),
        (" , ", ()),
        ("10000/day", ((10_000, DAY),)),
        ("1/hour", ((1, HOUR),)),
        ("10000/day,200/minute", ((200, MINUTE), (10_000, DAY))),
        (" 5/week , 1000000000/minute ", ((1_000_000_000, MINUTE), (5, WEEK))),
    ],
)
def test_limits_are_read(text: str, limits: tuple[tuple[int, timedelta], ...]) -> None:
    assert parse(Scope.DOMAIN, text) == tuple(
        Limit(scope=Scope.DOMAIN, most=most, window=window) for most, window in limits
    )


@pytest.mark.parametrize(
    "text",
    [
        "10",
        "day",
        "10/days",
        "0/day",
        "-1/day",
        "1.5/day",
        "10 / day",
        "10/fortnight",
        "1000000001/day",
        "٣/day",
        "1/day/x",
    ],
)
def test_what_is_no_limit_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match="such as 200/day") as caught:
        parse(Scope.WORKSPACE, text)

    assert repr(text) in str(caught.value)


def test_two_limits_for_one_window_are_refused() -> None:
    with pytest.raises(ValueError, match="two limits for each day; keep one"):
        parse(Scope.WORKSPACE, "1/day,2/day")


@pytest.mark.parametrize("text", ["10000/day", "1/minute", "7/hour", "2/week"])
def test_a_limit_is_written_as_it_is_read(text: str) -> None:
    (limit,) = parse(Scope.DOMAIN, text)

    assert str(limit) == text


def test_all_limits_stand_in_one_row() -> None:
    one, two, three = (Limit(scope=scope, most=1, window=DAY) for scope in Scope)

    assert Limits(workspace=(one,), recipient=(two,), domain=(three,)).all == (one, two, three)


# What they let through


def test_a_limit_lets_just_so_many_through() -> None:
    _, sent = send(THREE_A_DAY, [NOON + number * MINUTE for number in range(10)])

    assert sent == [NOON, NOON + MINUTE, NOON + 2 * MINUTE]


def test_a_place_frees_when_the_oldest_message_is_out_of_every_window() -> None:
    counted, _ = send(THREE_A_DAY, [NOON, NOON + 5 * HOUR, NOON + 6 * HOUR])

    refused = admit(counted, THREE_A_DAY, NOON + 7 * HOUR)

    assert refused == Refusal(limit=THREE_A_DAY, frees_at=NOON + 25 * HOUR)
    assert isinstance(admit(counted, THREE_A_DAY, NOON + 25 * HOUR - SECOND), Refusal)
    assert isinstance(admit(counted, THREE_A_DAY, NOON + 25 * HOUR), Buckets)


def test_when_a_place_frees_is_told_only_if_there_is_none() -> None:
    counted, _ = send(THREE_A_DAY, [NOON, NOON])
    full, _ = send(THREE_A_DAY, [NOON], counted)

    assert free_from(counted, THREE_A_DAY, NOON) is None
    assert free_from(full, THREE_A_DAY, NOON) == NOON + 25 * HOUR


def test_a_limit_that_was_tightened_waits_until_there_is_room_for_one() -> None:
    counted, _ = send(Limit(scope=Scope.WORKSPACE, most=4, window=DAY), [NOON, NOON, NOON + HOUR, NOON + 2 * HOUR])
    tight = Limit(scope=Scope.WORKSPACE, most=2, window=DAY)

    refused = admit(counted, tight, NOON + 3 * HOUR)

    assert refused == Refusal(limit=tight, frees_at=NOON + 26 * HOUR)


def test_what_is_over_is_not_kept() -> None:
    counted, _ = send(THREE_A_DAY, [NOON])

    assert counted.total == 1
    assert counted.ends_at(DAY) == NOON + 25 * HOUR
    assert counted.current(DAY, NOON + 24 * HOUR) == counted
    assert counted.current(DAY, NOON + 25 * HOUR) == Buckets()
    assert Buckets().ends_at(DAY) < NOON


def test_a_clock_that_is_a_little_behind_counts_with_the_newest() -> None:
    counted, _ = send(THREE_A_DAY, [NOON, NOON - SECOND])

    assert counted.ends_at(DAY) == NOON + 25 * HOUR
    assert counted.current(DAY, NOON + 24 * HOUR).total == 2


def test_a_clock_that_once_was_far_ahead_blocks_nothing() -> None:
    far, _ = send(THREE_A_DAY, [NOON + 365 * DAY] * 3)

    assert isinstance(admit(far, THREE_A_DAY, NOON), Buckets)
    assert far.current(DAY, NOON) == Buckets()


@pytest.mark.parametrize(
    ("limit", "frees_at", "sentence"),
    [
        (
            Limit(scope=Scope.RECIPIENT, most=100, window=DAY),
            NOON + 65 * MINUTE,
            "the limit of 100 messages a day to one recipient is reached; it frees at 2026-11-24 13:05 UTC",
        ),
        (
            Limit(scope=Scope.WORKSPACE, most=1, window=HOUR),
            NOON + 150 * SECOND,
            "the limit of 1 message an hour for the whole workspace is reached; it frees at 2026-11-24 12:02:30 UTC",
        ),
        (
            Limit(scope=Scope.DOMAIN, most=2, window=MINUTE),
            NOON + 59.5 * SECOND,
            "the limit of 2 messages a minute to one domain is reached; it frees at 2026-11-24 12:01:00 UTC",
        ),
    ],
)
def test_a_refusal_says_which_limit_and_when_it_frees(limit: Limit, frees_at: datetime, sentence: str) -> None:
    assert Refusal(limit=limit, frees_at=frees_at).sentence == sentence


# Laws

limits = st.builds(
    Limit, scope=st.sampled_from(Scope), most=st.integers(1, 8), window=st.sampled_from([MINUTE, HOUR, DAY, WEEK])
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Limit, list[datetime]]:
    """Give a limit, and moments in order that come in bursts and with gaps of up to two windows, often on an edge."""
    limit = draw(limits)
    edge = limit.window / 24
    gaps = st.one_of(
        st.just(timedelta(0)),
        st.timedeltas(timedelta(0), 2 * limit.window),
        st.integers(0, 50).map(lambda number: number * edge),
        st.integers(1, 50).map(lambda number: number * edge - timedelta(microseconds=1)),
    )
    now, times = NOON + draw(st.timedeltas(timedelta(0), limit.window)), []
    for gap in draw(st.lists(gaps, min_size=1, max_size=60)):
        now += gap
        times.append(now)
    return limit, times


@given(asked())
def test_no_window_holds_more_than_its_limit(given: tuple[Limit, list[datetime]]) -> None:
    limit, times = given

    _, sent = send(limit, times)

    assert fullest(sent, limit.window) <= limit.most


@given(asked())
def test_what_is_refused_would_be_too_many_in_a_window_one_bucket_longer(given: tuple[Limit, list[datetime]]) -> None:
    limit, times = given
    counted, sent = Buckets(), list[datetime]()
    for now in times:
        after = admit(counted, limit, now)
        if isinstance(after, Refusal):
            longer = now - limit.window - limit.window / 24
            assert len([one for one in sent if one > longer]) >= limit.most
        else:
            counted = after
            sent.append(now)


@given(asked())
def test_the_moment_that_a_refusal_tells_is_the_first_that_is_free(given: tuple[Limit, list[datetime]]) -> None:
    limit, times = given
    counted, _ = send(limit, times)
    refused = admit(counted, limit, times[-1])

    if isinstance(refused, Refusal):
        assert times[-1] < refused.frees_at <= times[-1] + limit.window + limit.window / 24
        assert isinstance(admit(counted, limit, refused.frees_at), Buckets)
        assert isinstance(admit(counted, limit, refused.frees_at - timedelta(microseconds=1)), Refusal)


@given(asked(), st.lists(st.floats(0, 1), min_size=60, max_size=60))
def test_clocks_that_differ_let_no_more_through(given: tuple[Limit, list[datetime]], behind: list[float]) -> None:
    limit, times = given
    shown = [now - share * limit.window / 10 for now, share in zip(times, behind, strict=False)]

    _, sent = send(limit, shown)

    # What left after another message cannot have left before it, whatever its clock says.
    assert fullest(list(accumulate(sent, max)), limit.window) <= limit.most


@given(asked())
def test_no_more_buckets_are_kept_than_a_window_touches(given: tuple[Limit, list[datetime]]) -> None:
    limit, times = given
    counted = Buckets()
    for now in times:
        counted = counted.and_more(1, limit.window, now)

        assert len(counted.counts) <= 25
        assert list(counted.counts) == sorted(counted.counts)
