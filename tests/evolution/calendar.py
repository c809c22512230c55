"""Evolution's calendar as a recipient's: an implementation of iTIP by others, fed with the messages that were sent.

Evolution Data Server runs in a D-Bus session and a home folder of its own, and `judge.py` speaks with it. It takes every
REQUEST as the latest word and removes what a CANCEL names, whatever SEQUENCE says; so it ends up true only if messages
arrive in order and nothing is sent that is stale.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.calendars import Appointment, ReceivedInvite, read

_PATIENCE_S = 60.0  # for the processes to end, once the judge has
# Services of the session inherit its standard output and may print there, so that the answers have to take another way.
# Python runs isolated: what lies beside the judge must not stand in for modules of the same name.
_SESSION = """exec 3>&1 >&2; exec dbus-run-session -- sh -c 'exec /usr/bin/python3 -I "$0" >&3 3>&-' "$0" """
_COMMAND = ["/bin/sh", "-c", _SESSION, str(Path(__file__).with_name("judge.py"))]


class RefusedError(Exception):
    """Evolution did not take a message, and why."""


class Evolution:
    """A session with Evolution Data Server in it; calendars of as many people as are asked for.

    One is enough for a whole test module: the fixture `evolution`, which also leaves a test out where Evolution is not
    installed.

        with Evolution() as evolution, evolution.calendar() as calendar:
            calendar.receive_all(messages)
            assert calendar.appointments == strict.appointments
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self._words: list[str] = []

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="evolution-"))
        self._process = subprocess.Popen(
            _COMMAND,
            env=_environment(self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that all that is started can be ended, and Ctrl-C leaves the order to us
        )
        # All processes of the session write their complaints here, so its end says that the last of them is gone.
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._listener.join(_PATIENCE_S)
        self._kill()
        with self._process:
            shutil.rmtree(self._folder)

    @contextmanager
    def calendar(self) -> Iterator["EvolutionCalendar"]:
        """Give an empty calendar of one person, beside any others; what it holds is removed afterwards."""
        prefix = f"{next(self._numbers)}."
        try:
            yield EvolutionCalendar(self, prefix)
        finally:
            self.ask("clear", prefix=prefix)

    def ask(self, op: str, **values: str) -> dict[str, Any]:
        """Return the judge's answer. Raises RefusedError for what Evolution refuses, RuntimeError if it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"op": op, **values}) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._kill()
            raise RuntimeError(f"Evolution has ended at {op!r}, and its last words were: {''.join(self._words[-20:])}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer

    def _kill(self) -> None:
        """End what is left of the session; its first process is not waited for before, so that its number stays ours."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._listener.join()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        self._words.extend(self._process.stderr)


class EvolutionCalendar:
    """A calendar of one person, as Evolution holds it; used like the calendars in `tests/calendars.py`."""

    def __init__(self, evolution: Evolution, prefix: str) -> None:
        self._evolution = evolution
        self._prefix = prefix

    @property
    def appointments(self) -> dict[str, Appointment]:
        """Return what stands in the calendar, by UID."""
        held = self._evolution.ask("holds", prefix=self._prefix)["held"]
        return {one["uid"]: _appointment(one) for one in held}

    def receive_all(self, messages: Iterable[bytes]) -> None:
        """Take messages in the order in which they came."""
        for raw in messages:
            self.receive(read(raw))

    def receive(self, invite: ReceivedInvite) -> None:
        """Take one message. Raises RefusedError if Evolution does not."""
        self._evolution.ask("receive", ics=base64.b64encode(invite.calendar).decode(), prefix=self._prefix)


def _environment(folder: Path) -> dict[str, str]:
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),  # and with it all of the XDG folders but one
        "XDG_RUNTIME_DIR": str(runtime),
        "GSETTINGS_BACKEND": "memory",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _appointment(told: dict[str, str]) -> Appointment:
    return Appointment(
        starts_at=_moment(told["starts_at"]),
        ends_at=_moment(told["ends_at"]),
        summary=told["summary"],
        description=told["description"],
        location=told["location"],
        host=told["host"],
    )


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
