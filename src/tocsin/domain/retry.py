"""How long to wait after a temporary failure. The schedule is data, and a schedule of its own for the relay itself."""

from datetime import timedelta

# After the first failure 30 s, then 2 min, and so on; then every 6 h until the delivery expires (schedule.HORIZON). The first
# steps are short because greylisting is the most common 4xx; Svix and Stripe space theirs alike.
WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
LAST_WAIT = timedelta(hours=6)
JITTER = 0.2  # a fifth either way, so that what failed together does not come back together

# While the relay itself is away or refuses our credentials, one delivery is tried this often and none uses up an attempt.
PROBE = timedelta(seconds=30)
# Attempts that began and never ended, before a delivery counts as the cause. Not fewer: a machine that is in trouble itself
# can kill its workers for minutes, and what was in hand then must still go out.
MOST_CRASHES = 5


def backoff(failures: int, *, jitter: float) -> timedelta:
    """Return the wait after the given number of failures (1 or more); `jitter` is chance from 0 to 1."""
    wait = WAITS[failures - 1] if failures <= len(WAITS) else LAST_WAIT
    return wait * (1 + JITTER * (2 * jitter - 1))
