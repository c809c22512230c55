"""One message to one recipient over SMTP (RFC 5321): every reply, and every failure of network and server, is an Outcome.

Before the body nothing of the message was handed over, so whatever breaks is the relay's own trouble and costs the delivery
nothing. A break inside the body costs this delivery a try, because the message itself may be the cause. After the final dot
only a reply tells what happened, and if none comes nobody can know (RFC 1047).
"""

import base64
import smtplib
from collections.abc import Generator

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.errors import ConfigurationError
from tocsin.domain.letter import Envelope
from tocsin.mail.dialogue import BrokenDialogueError, Session, context_for
from tocsin.mail.parcel import Parcel, RefusedError, is_client_name
from tocsin.mail.replies import Reply, cut
from tocsin.mail.transport import Relay
from tocsin.services import faults

PER_CONNECTION = 100  # messages; where many relays answer 421
QUIT_S = 5.0  # we have what we came for, and the answer to QUIT changes nothing

_WANTED = (2, 2, 3)  # first digits of the replies that MAIL, RCPT and DATA hope for
_RESULTS = {2: Result.ACCEPTED, 3: Result.UNKNOWN, 4: Result.TEMPORARY, 5: Result.PERMANENT}

# The server shuts down or has had enough of us (421: RFC 5321, 4.2.1), wants a login (530), a better one (534, 538) or
# refuses ours (535: RFC 4954, 6). None of these is the fault of a recipient or a message.
_NOT_OF_THIS_MESSAGE = frozenset({421, 530, 534, 535, 538})


# A message on its way: pauses wherever an answer is awaited, and returns how it ended.
Stages = Generator[None, None, Outcome]


class _StaleError(Exception):
    """The server had let go of a kept connection before it knew of this message."""


class SmtpMailer:
    """Sends through one relay over one connection, which it keeps between messages.

    All times are in seconds: `greeting_s` for connecting up to the banner, `command_s` for a command and its whole reply,
    `final_s` for the body and the reply to its final dot (RFC 5321, 4.5.3.2.6 asks for 600). After `per_connection` messages
    the connection is renewed. Raises ConfigurationError for a `client_name` that EHLO cannot carry, or a ca file that cannot
    be read.
    """

    def __init__(
        self,
        relay: Relay,
        *,
        client_name: str,
        greeting_s: float = 60,
        command_s: float = 60,
        final_s: float = 600,
        per_connection: int = PER_CONNECTION,
    ) -> None:
        if not is_client_name(client_name):
            raise ConfigurationError("the name for EHLO is no host name; write one such as mail.example.com")
        self._relay = relay
        self._context = context_for(relay)
        self._client_name = client_name
        self._greeting_s = greeting_s
        self._command_s = command_s
        self._final_s = final_s
        self._per_connection = per_connection
        self._session: Session | None = None
        self.is_refused = False  # whether no connection could be opened for the last message

    def is_ready(self) -> bool:
        """Tell whether the next message can leave at once; a connection that is of no more use is let go of.

        To be asked before each message.
        """
        if self._session is not None and self._session.transactions >= self._per_connection:
            self.close()
        if self._session is not None and not self._session.is_quiet():
            self._drop()
        return self._session is not None

    @property
    def can_go_on(self) -> bool:
        """Whether a message that pauses can go on without waiting."""
        return self._session is None or self._session.is_waiting_over

    @property
    def patience_s(self) -> float:
        """How many seconds the answer that a message awaits may take yet."""
        return 0.0 if self._session is None else self._session.patience_s

    def fileno(self) -> int:
        """Return the number of the socket on which the answer will come."""
        return -1 if self._session is None else self._session.fileno()

    def stages(self, envelope: Envelope) -> Stages:
        """Hand `envelope` over to the relay in steps, and return how that ended."""
        self.is_refused = False
        try:
            return (yield from self._send(Parcel.of(envelope)))
        except RefusedError as error:
            return Outcome(result=Result.PERMANENT, reply=str(error))
        except OSError as error:
            self._drop()
            return self._trouble(error)
        except BaseException:
            self._drop()  # nobody knows where the dialogue stands
            raise

    def probe(self) -> Outcome:
        """Connect, secure and log in as for a message, and leave again; tell how that went."""
        try:
            self._open()
        except OSError as error:
            self._drop()
            return self._trouble(error)
        self.close()
        return Outcome(result=Result.ACCEPTED, reply="the relay takes messages from here")

    def close(self) -> None:
        """Say QUIT, if a connection is open, and close it."""
        if self._session is not None:
            self._session.leave(within_s=min(QUIT_S, self._command_s))
            self._session = None

    def _send(self, parcel: Parcel) -> Stages:
        if self._session is not None:
            try:
                return (yield from self._transact(self._session, parcel))
            except _StaleError:
                self._drop()
        self.is_refused = True
        session = self._open()
        self.is_refused = False
        return (yield from self._transact(session, parcel))

    def _open(self) -> Session:
        self._session = Session(
            self._relay,
            self._context,
            client_name=self._client_name,
            greeting_s=self._greeting_s,
            command_s=self._command_s,
        )
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _transact(self, session: Session, parcel: Parcel) -> Stages:
        refusal = yield from self._offer(session, parcel.commands(session.offered))
        if refusal is not None:
            return self._outcome(refusal)
        try:
            session.write(parcel.body, within_s=self._final_s)
        except OSError as error:
            # Not the relay's trouble but this delivery's: a message that makes every relay hang up must not shut the way
            # for all others.
            self._drop()
            return Outcome(
                result=Result.TEMPORARY, reply=self._without_password(f"broken off in the message: {cut(str(error))}")
            )
        faults.point("after_data")
        yield
        return self._end(session)

    def _offer(self, session: Session, commands: tuple[bytes, bytes, bytes]) -> Generator[None, None, Reply | None]:
        """Return the reply that refuses one of `commands`, or None if the server waits for the body."""
        pipelining = "pipelining" in session.offered
        if pipelining:  # RFC 2920, 3.1: in one write
            commands = (b"".join(commands), b"", b"")
        for number, (command, wanted) in enumerate(zip(commands, _WANTED, strict=True)):
            reply = yield from self._asked(session, command, begins=number == 0)
            if reply.code in _NOT_OF_THIS_MESSAGE:
                raise smtplib.SMTPResponseException(reply.code, b"\n".join(reply.lines))
            if reply.digit in {4, 5}:
                self._take_back(session, unread=len(commands) - 1 - number if pipelining else 0)
                return reply
            if reply.digit != wanted:
                raise BrokenDialogueError(f"the server's reply is out of turn: {reply.text}")
        return None

    def _asked(self, session: Session, command: bytes, *, begins: bool) -> Generator[None, None, Reply]:
        """Return the reply to a command, or to what was written before if it is empty.

        `begins`: it is MAIL; raise _StaleError if the server ended a kept connection instead, which costs nothing.
        """
        kept = begins and session.transactions > 0
        session.transactions += int(begins)
        try:
            if command:
                session.write(command, within_s=self._command_s)
            yield
            reply = session.reply()
        except OSError as error:
            if kept:
                raise _StaleError from error
            raise
        if kept and reply.code == 421:
            raise _StaleError
        return reply

    def _take_back(self, session: Session, *, unread: int) -> None:
        """End a transaction that was refused, so that the next can begin: `unread` commands have still to be answered.

        The refusal stands whatever happens now, so all that can fail here is the connection.
        """
        try:
            replies = [session.ask(b"") for _ in range(unread)]
            if replies and replies[-1].digit == 3:
                session.ask(b".\r\n")  # RFC 2920, 3.1: DATA was taken although nobody is left to send to
            if session.ask(b"RSET\r\n").digit != 2:
                self._drop()
        except OSError:
            self._drop()

    def _end(self, session: Session) -> Outcome:
        """Return what the reply to the final dot says; if there is none, nobody knows (RFC 1047)."""
        try:
            reply = session.ask(b"")
        except OSError as error:
            self._drop()
            text = f"the message was handed over, but no reply came: {error}"
            return Outcome(result=Result.UNKNOWN, reply=cut(self._without_password(text)))
        if reply.code == 421 or reply.digit == 3:
            self._drop()
        elif reply.digit != 2:
            self._take_back(session, unread=0)
        return self._outcome(reply)

    def _outcome(self, reply: Reply) -> Outcome:
        text = reply.text if not self._relay.password else self._without_password(reply.text)
        return Outcome(
            result=_RESULTS[reply.digit], code=reply.code, enhanced_code=reply.enhanced_code, reply=cut(text)
        )

    def _trouble(self, error: OSError) -> Outcome:
        where = f"the relay {self._relay.host}:{self._relay.port}"
        if isinstance(error, smtplib.SMTPResponseException):
            reply = Reply.of(error)
            return Outcome(
                result=Result.TRANSPORT,
                code=reply.code,
                enhanced_code=reply.enhanced_code,
                reply=cut(self._without_password(f"{where} refuses to work: {reply.text}")),
            )
        return Outcome(result=Result.TRANSPORT, reply=cut(self._without_password(f"{where} cannot be used: {error}")))

    def _without_password(self, text: str) -> str:
        """Return `text` without what a server may have echoed of our login."""
        user, password = self._relay.user.encode(), self._relay.password.encode()
        if not password:
            return text
        # The longest first: it may end in one of the others.
        for secret in (base64.b64encode(b"\0" + user + b"\0" + password), base64.b64encode(password), password):
            text = text.replace(secret.decode(), "…")
        return text
