"""One connection to a relay, kept from one message to the next, and opened in a thread of its own."""

import logging
import select
import ssl
import time
from collections.abc import Generator

from tocsin.domain.errors import ConfigurationError
from tocsin.mail.dialogue import Session, context_for
from tocsin.mail.opening import Opening
from tocsin.mail.parcel import is_client_name
from tocsin.mail.transport import Relay

PER_CONNECTION = 500  # messages, as Exim's own default is; a relay that wants fewer says 421, which costs nothing
QUIT_S = 5.0  # we have what we came for, and the answer to QUIT changes nothing

log = logging.getLogger("tocsin.mail")


class Connection:
    """A connection that is open, being opened, or not there yet.

    All times are in seconds: `greeting_s` for connecting up to the banner, `command_s` for a command and its whole reply.
    After `per_connection` messages it is renewed. Raises ConfigurationError for a `client_name` that EHLO cannot carry, or a
    file of `relay` that cannot be used.
    """

    def __init__(
        self,
        relay: Relay,
        *,
        client_name: str,
        greeting_s: float = 60,
        command_s: float = 60,
        per_connection: int = PER_CONNECTION,
    ) -> None:
        if not is_client_name(client_name):
            raise ConfigurationError("the name for EHLO is no host name; write one such as mail.example.com")
        self._relay = relay
        self._context = context_for(relay)
        self._client_name = client_name
        self._greeting_s = greeting_s
        self._command_s = command_s
        self._quit_s = min(QUIT_S, command_s)
        self._per_connection = per_connection
        self._session: Session | None = None
        self._leaving: Session | None = None
        self._opening: Opening | None = None
        self.answered_at = float("-inf")  # when the server answered last (monotonic)

    @property
    def is_open(self) -> bool:
        """Whether the next message can leave at once."""
        return self._session is not None

    @property
    def is_opening(self) -> bool:
        """Whether a message waits for a connection."""
        return self._opening is not None

    @property
    def is_waiting_over(self) -> bool:
        """Whether the time is over that the answer may take for which a message pauses."""
        return self._session is not None and self._session.patience_s <= 0

    @property
    def patience_s(self) -> float:
        """How many seconds the answer for which a message pauses may take yet. Connecting looks after its time by itself."""
        return self._greeting_s if self._session is None else self._session.patience_s

    @property
    def events(self) -> int:
        """What to poll `fileno` for."""
        return select.POLLIN if self._session is None else self._session.events

    def fileno(self) -> int:
        """Return the number of the socket on which the next answer will come; -1 while there is none."""
        waits_for = self._session or self._opening
        return -1 if waits_for is None else waits_for.fileno()

    def rest(self) -> None:
        """Let go of a connection that is of no more use: the server said something though it was not asked.

        To be called before each message.
        """
        if self._session is not None and not self._session.is_quiet():
            self.drop()

    def kept(self) -> Session | None:
        """Return the session that is kept, if there is one that has not carried enough yet."""
        if self._session is not None and self._session.transactions >= self._per_connection:
            self._leaving, self._session = self._session, None
        return self._session

    def opened(self) -> Generator[None, None, Session]:
        """Return a new session, which is kept; pauses while it is being opened. Raises OSError."""
        self._opening = Opening(self._renewed)
        while not self._opening.is_done:
            yield
        opening, self._opening = self._opening, None
        self._session = opening.result()
        self.answered_at = time.monotonic()  # its greeting
        return self._session

    def _renewed(self) -> Session:
        # First the farewell: a relay may count connections.
        if self._leaving is not None:
            self._leaving.leave(within_s=self._quit_s)
            self._leaving = None
        return self.connect()

    def connect(self) -> Session:
        """Return a new session, when it is ready; it is not kept. Raises OSError."""
        return Session(
            self._relay,
            self._newest_context(),
            client_name=self._client_name,
            greeting_s=self._greeting_s,
            command_s=self._command_s,
        )

    def _newest_context(self) -> ssl.SSLContext | None:
        """Return the context with our certificate as it is now: those who issue short ones put new ones in their place."""
        if self._relay.cert:
            try:
                self._context = context_for(self._relay)
            except ConfigurationError as error:  # perhaps half of a renewal is written
                log.warning("the certificate that was read last goes on: %s", error)
        return self._context

    def drop(self) -> None:
        """Close the connection without a word, if one is open or being opened."""
        if self._opening is not None:
            self._opening.give_up()
            self._opening = None
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        """Say QUIT, if a connection is open, and close it."""
        if self._session is not None:
            self._session.leave(within_s=self._quit_s)
        self.drop()
