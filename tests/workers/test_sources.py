"""The thread that goes on with calls of sources."""

import threading
from datetime import timedelta

import pytest

from tests.journeys.world import World
from tocsin.domain.errors import UnavailableError
from tocsin.services.ports_sources import Fetched
from tocsin.workers import sources


def test_nothing_that_goes_wrong_in_a_round_ends_the_thread(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "EVERY", timedelta(0))
    stop, bell = threading.Event(), threading.Event()
    ends: list[object] = [UnavailableError("the store is busy"), RuntimeError("unforeseen"), False, True]

    def tend(*_: object) -> bool:
        end = ends.pop(0)
        if not ends:
            stop.set()
        if isinstance(end, Exception):
            raise end
        return bool(end)

    monkeypatch.setattr(sources, "tend", tend)

    sources.keep(office.sender, lambda *_: Fetched(status=404), stop, bell)

    assert ends == []
    assert bell.is_set()
