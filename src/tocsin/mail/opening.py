"""A connection that is being opened, in a thread of its own: greeting, TLS and login take as long as the server takes."""

import socket
import threading
from collections.abc import Callable

from tocsin.mail.dialogue import Session


class Opening:
    """What will be a session, or the error instead of it. Its socket can be read as soon as that is decided."""

    def __init__(self, connect: Callable[[], Session]) -> None:
        self._connect = connect
        self._heard, self._tells = socket.socketpair()
        self._guard = threading.Lock()
        self._is_wanted = True
        self._session: Session | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="tocsin-connects", daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether it is decided."""
        return self._session is not None or self._error is not None

    def fileno(self) -> int:
        """Return the number of the socket that can be read when it is decided."""
        return self._heard.fileno()

    def result(self) -> Session:
        """Return the session, once; raise what went wrong instead."""
        session, self._session = self._session, None
        self._heard.close()
        if session is None:
            raise self._error or ConnectionError("the connection was given up")
        return session

    def give_up(self) -> None:
        """Let go of the session, also if it comes later."""
        with self._guard:
            self._is_wanted = False
            if self._session is not None:
                self._session.close()
        self._heard.close()

    def _run(self) -> None:
        try:
            session = self._connect()
        except BaseException as error:  # noqa: BLE001  it is raised where the session is wanted
            self._error = error
        else:
            with self._guard:
                self._session = session
                if not self._is_wanted:
                    session.close()
        self._tells.close()
