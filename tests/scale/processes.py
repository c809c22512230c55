"""Several processes of the real program on one database: one with the API, and any number that deliver."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.journeys.program import Program, a_body, running

API = ("serve", "--no-worker")
WORKER = ("worker",)


@dataclass(frozen=True)
class Processes:
    """One API process, and worker processes beside it."""

    api: Program
    workers: tuple[Program, ...]

    @property
    def all(self) -> tuple[Program, ...]:
        return (self.api, *self.workers)

    def are_alive(self) -> bool:
        return all(process.poll() is None for one in self.all for process in one._running.values())

    def stop(self) -> list[int]:
        """Tell all to end in order; return their exit codes."""
        return [code for one in self.all for code in one.stop()]

    def book(self, number: int) -> str:
        """Make booking number `number`; return its id."""
        status, body = self.api.call("POST", "/bookings", a_body(number))
        assert status == 201, body
        return str(body["booking"]["id"])

    def change(self, booking_id: str, **change: Any) -> None:
        status, body = self.api.call("PATCH", f"/bookings/{booking_id}", change)
        assert status == 200, body


@contextmanager
def processes(program: Program, *, workers: int) -> Iterator[Processes]:
    """Run `program` as one API process and so many workers; leave none behind."""
    found = Processes(part(program, API), tuple(part(program, WORKER) for _ in range(workers)))
    with ExitStack() as stack:
        for one in found.all:
            stack.enter_context(running(one))
            one.start()
        yield found


def part(program: Program, command: tuple[str, ...]) -> Program:
    """Return one process of `program`, not started."""
    return replace(program, parts=(command,), _running={})
