"""The pause: from which shares on, in which words, and how deliveries wait meanwhile."""

import pytest

from tests.builders import MINUTE, NOON, a_delivery
from tocsin.domain.delivery import State, Verdict
from tocsin.domain.pause import PAUSED, Pause, too_many, waiting

PAUSE = Pause(since_at=NOON, because="20 of 500 messages (4.00 %) bounced")


@pytest.mark.parametrize(
    ("sent", "bounced", "complained"),
    [(0, 0, 0), (499, 499, 499), (500, 19, 2), (10_000, 399, 7), (1_000_000, 39_999, 799)],
)
def test_few_messages_or_small_shares_do_not_pause(sent: int, bounced: int, complained: int) -> None:
    assert too_many(sent=sent, bounced=bounced, complained=complained) is None


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "because"),
    [
        (500, 20, 0, "20 of 500 messages (4.00 %) of the last 7 days bounced, and 4 % are too many"),
        (
            500,
            0,
            3,
            "3 of 500 messages (0.60 %) of the last 7 days were called spam, and 0.08 % are too many",
        ),
        (10_000, 400, 8, "400 of 10000 messages (4.00 %) of the last 7 days bounced, and 4 % are too many"),
        (10_000, 399, 8, "8 of 10000 messages (0.08 %) of the last 7 days were called spam, and 0.08 % are too many"),
    ],
)
def test_too_large_a_share_pauses_and_says_which(sent: int, bounced: int, complained: int, because: str) -> None:
    assert too_many(sent=sent, bounced=bounced, complained=complained) == because


def test_a_pause_says_since_when_and_why() -> None:
    assert PAUSE.sentence == (
        "sending is paused since 2026-11-24 12:00 UTC: 20 of 500 messages (4.00 %) bounced; the operator can resume it"
    )
    assert PAUSE.sentence.startswith(PAUSED)


@pytest.mark.parametrize(("failures", "state"), [(0, State.SCHEDULED), (2, State.RETRYING)])
def test_a_delivery_waits_as_it_did_before(failures: int, state: State) -> None:
    delivery = a_delivery(state=State.SENDING, failures=failures)

    assert waiting(delivery, until=NOON, reason="full") == Verdict(state=state, reason="full", next_at=NOON)
    assert PAUSE.verdict(delivery, now=NOON) == Verdict(state=state, reason=PAUSE.sentence, next_at=NOON + 10 * MINUTE)
