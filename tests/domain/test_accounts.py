"""Accounts and sessions: who may what, how long a session lasts, and which passwords are refused."""

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, a_session, an_account
from tocsin.domain.accounts import Role
from tocsin.domain.errors import PermissionDeniedError


def test_an_admin_may_do_all_and_a_viewer_only_look() -> None:
    admin, viewer = an_account(role=Role.ADMIN), an_account(role=Role.VIEWER)

    admin.must_be(Role.ADMIN)
    admin.must_be(Role.VIEWER)
    viewer.must_be(Role.VIEWER)
    with pytest.raises(PermissionDeniedError, match="may look and not change"):
        viewer.must_be(Role.ADMIN)


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
