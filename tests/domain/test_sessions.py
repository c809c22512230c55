"""Sessions: how long one lasts, and what is kept of a browser."""

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, a_session
from tocsin.domain.sessions import browser_of


@pytest.mark.parametrize(
    ("seen_after", "asked_after", "is_over"),
    [
        pytest.param(0 * HOUR, 8 * HOUR - SECOND, False, id="not used for nearly eight hours"),
        pytest.param(0 * HOUR, 8 * HOUR, True, id="not used for eight hours"),
        pytest.param(7 * DAY - HOUR, 7 * DAY - SECOND, False, id="used for nearly a week"),
        pytest.param(7 * DAY - HOUR, 7 * DAY, True, id="used for a week"),
    ],
)
def test_a_session_ends_when_it_is_not_used_and_after_a_week_at_last(
    seen_after: object, asked_after: object, is_over: object
) -> None:
    session = a_session(seen_at=NOON + seen_after)  # type: ignore[operator]

    assert session.is_over(NOON + asked_after) is is_over  # type: ignore[operator]


def test_that_a_session_is_used_is_noted_once_a_minute() -> None:
    assert not a_session().is_to_be_seen(NOON + MINUTE - SECOND)
    assert a_session().is_to_be_seen(NOON + MINUTE)


def test_whoever_signed_in_ten_minutes_ago_has_to_show_his_password_again() -> None:
    assert a_session().is_fresh(NOON + 10 * MINUTE - SECOND)
    assert not a_session(seen_at=NOON + 10 * MINUTE).is_fresh(NOON + 10 * MINUTE)


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {_WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 15) {_WEBKIT} Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/26 Safari/605", "Safari on macOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) {_WEBKIT} CriOS/140 Safari/605", "Chrome on iOS"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0)", "Windows"),
        ("Firefox", "Firefox"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_of_a_browser_its_family_and_system_are_kept_and_no_more(user_agent: str, told: str) -> None:
    assert browser_of(user_agent) == told
