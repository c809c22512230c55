"""A process that is told to stop hears of it, whichever of its threads gets the signal."""

import os
import signal
import threading

import pytest

from tocsin.stopping import told_to_stop

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@BOTH
def test_a_signal_that_another_thread_gets_ends_the_wait(number: signal.Signals) -> None:
    is_over = threading.Event()
    other = threading.Thread(target=is_over.wait)
    other.start()
    assert other.ident is not None
    with told_to_stop() as wait:
        threading.Timer(0.2, signal.pthread_kill, (other.ident, number)).start()  # when the main thread waits
        wait()

    is_over.set()
    other.join()


@BOTH
def test_a_signal_that_came_before_anybody_waited_counts(number: signal.Signals) -> None:
    with told_to_stop() as wait:
        os.kill(os.getpid(), number)

        wait()


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    with told_to_stop():
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] != before

    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
