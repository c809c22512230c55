"""An ear on connections whose thread is busy with the store: what the relay says meanwhile is heard at once."""

import select
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.watch import Watch

_LOOK_S = 60.0  # somebody rings before that

# Goes on with the lanes on which something came, and returns which of them wait for more.
GoOn = Callable[[list[SmtpMailer]], Iterable[SmtpMailer]]


class Ear:
    """A thread that goes on with messages for a mailer that is busy elsewhere, for one mailer at a time."""

    def __init__(self) -> None:
        self._guard = threading.Lock()  # held while lanes are gone on with, and to begin and end that
        self._bell: _Bell | None = None  # as long as there is a thread
        self._job: _Job | None = None
        self._is_closed = False

    @contextmanager
    def on(self, lanes: Iterable[SmtpMailer], go_on: GoOn) -> Iterator[None]:
        """Give `go_on`, in another thread, those of `lanes` that can go on, until the block ends.

        The block itself must leave them alone. If the ear is with another mailer already, or cannot open the files that it
        needs, nobody listens.
        """
        job = self._begun(list(lanes), go_on)
        try:
            yield
        finally:
            if job is not None:
                with self._guard:
                    self._job = None

    def close(self) -> None:
        """Listen to nobody any more."""
        with self._guard:
            self._is_closed = True
            if self._bell is not None:
                self._bell.ring()

    def _begun(self, lanes: list[SmtpMailer], go_on: GoOn) -> "_Job | None":
        with self._guard:
            if not lanes or self._is_closed or self._job is not None:
                return None
            bell = self._bell or self._woken()
            if bell is not None:
                self._job = _Job(lanes, bell, go_on)
                bell.ring()
            return self._job

    def _woken(self) -> "_Bell | None":
        """Begin to listen; return what wakes the ear from now on."""
        try:
            self._bell = _Bell()
        except OSError:  # as many files are open as may be; connections will say so
            return None
        threading.Thread(target=self._listen, args=(self._bell,), name="tocsin-hears", daemon=True).start()
        return self._bell

    def _listen(self, bell: "_Bell") -> None:
        while not self._is_closed:
            job = self._job
            if job is None:
                bell.wait()
                continue
            heard = job.heard()
            with self._guard:
                if self._job is job:
                    job.attend(heard)
        with self._guard:
            self._bell = None
            bell.close()


class _Bell:
    """Wakes the ear; it can be watched like a connection."""

    events = select.POLLIN

    def __init__(self) -> None:
        self._heard, self._rung = socket.socketpair()

    def fileno(self) -> int:
        return self._heard.fileno()

    def ring(self) -> None:
        self._rung.send(b"\0")

    def wait(self) -> None:
        self._heard.recv(4096)

    def close(self) -> None:
        self._heard.close()
        self._rung.close()


class _Job:
    """Whom to listen to, and what to do with those who were heard."""

    def __init__(self, lanes: list[SmtpMailer], bell: _Bell, go_on: GoOn) -> None:
        self._bell = bell
        self._go_on = go_on
        self._watch: Watch[SmtpMailer | _Bell] = Watch()
        self._watch.follow(bell)
        for lane in lanes:
            self._watch.follow(lane)

    def heard(self) -> list[SmtpMailer]:
        """Wait until something comes on one of the lanes, or the bell rings; return those lanes."""
        heard = self._watch.heard(within_s=_LOOK_S)
        if self._bell in heard:
            self._bell.wait()
        return [one for one in heard if not isinstance(one, _Bell)]

    def attend(self, heard: list[SmtpMailer]) -> None:
        """Go on with these lanes."""
        waiting = set(self._go_on(heard))
        for one in heard:
            if one in waiting:
                self._watch.follow(one)
            else:
                self._watch.forget(one)
