"""The baton: one thread is at work, and the next takes over when that one can only wait."""

import threading

from tests.storage.shelf import until
from tocsin.workers.baton import Baton


def test_one_thread_has_the_baton_until_it_passes_it_on() -> None:
    shared, second_works = threading.Lock(), threading.Event()
    first, second = Baton(shared), Baton(shared)

    def work() -> None:
        with second:
            second_works.set()

    thread = threading.Thread(target=work)
    with first:
        thread.start()
        assert first.is_mine
        assert not second_works.is_set()

        first.pass_on()
        first.pass_on()  # which it does once

        assert second_works.wait(30)
        assert not first.is_mine
    until(lambda: not thread.is_alive())
    with first:
        assert first.is_mine
