"""One message to one recipient over SMTP (RFC 5321): every reply, and every failure of network and server, is an Outcome.

Before the body nothing of the message was handed over, so whatever breaks is the relay's own trouble and costs the delivery
nothing. A break inside the body costs this delivery a try, because the message itself may be the cause. After the final dot
only a reply tells what happened, and if none comes nobody can know (RFC 1047).
"""

import base64
import smtplib
import time
from collections.abc import Generator
from typing import Any

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.mail.connection import Connection
from tocsin.mail.dialogue import Session
from tocsin.mail.parcel import Parcel, RefusedError
from tocsin.mail.replies import BrokenDialogueError, Reply, cut
from tocsin.mail.transport import Relay
from tocsin.services import faults

_WANTED = (2, 2, 3)  # first digits of the replies that MAIL, RCPT and DATA hope for
_RESULTS = {2: Result.ACCEPTED, 3: Result.UNKNOWN, 4: Result.TEMPORARY, 5: Result.PERMANENT}

# The server shuts down or has had enough of us (421: RFC 5321, 4.2.1), wants a login (530), a better one (534, 538) or
# refuses ours (535: RFC 4954, 6). None of these is the fault of a recipient or a message.
_NOT_OF_THIS_MESSAGE = frozenset({421, 530, 534, 535, 538})


# A message on its way: pauses wherever an answer is awaited, and returns how it ended; None if nothing of it was handed over,
# because the connection had ended, and it can go over another.
Stages = Generator[None, None, Outcome | None]


class _StaleError(Exception):
    """The server had let go of a kept connection before it knew of this message."""


class SmtpMailer(Connection):
    """Sends messages over one connection, one after the other.

    The body and the reply to its final dot may take `final_s` seconds (RFC 5321, 4.5.3.2.6 asks for 600); what else it is made
    of is the Connection's.
    """

    def __init__(self, relay: Relay, *, client_name: str, final_s: float = 600, **of_connection: Any) -> None:
        super().__init__(relay, client_name=client_name, **of_connection)
        self._final_s = final_s
        self.is_refused = False  # whether no connection could be opened for the last message

    def stages(self, envelope: Envelope) -> Stages:
        """Hand `envelope` over to the relay in steps, and return how that ended."""
        self.is_refused = False
        try:
            return (yield from self._send(Parcel.of(envelope)))
        except RefusedError as error:
            return Outcome(result=Result.PERMANENT, reply=str(error))
        except OSError as error:
            self.drop()
            return self._trouble(error)
        except BaseException:
            self.drop()  # nobody knows where the dialogue stands
            raise

    def probe(self) -> Outcome:
        """Connect, secure and log in as for a message, and leave again; tell how that went."""
        try:
            self.connect().leave(within_s=self._quit_s)
        except OSError as error:
            return self._trouble(error)
        return Outcome(result=Result.ACCEPTED, reply="the relay takes messages from here")

    def _send(self, parcel: Parcel) -> Stages:
        kept = self.kept()
        if kept is not None:
            try:
                return (yield from self._transact(kept, parcel))
            except _StaleError:
                self.drop()
                return None
        self.is_refused = True
        session = yield from self.opened()
        self.is_refused = False
        return (yield from self._transact(session, parcel))

    def _transact(self, session: Session, parcel: Parcel) -> Stages:
        refusal = yield from self._offer(session, parcel.commands(session.offered))
        if refusal is not None:
            return self._outcome(refusal)
        if session.has_spoken():
            # What is said before the body, after the word to go on, would be taken for the answer to it.
            raise BrokenDialogueError("the server answered before it was asked")
        try:
            session.write(parcel.body, within_s=self._final_s)
            while not session.is_written():
                yield
        except OSError as error:
            # Not the relay's trouble but this delivery's: a message that makes every relay hang up must not shut the way
            # for all others.
            self.drop()
            return Outcome(
                result=Result.TEMPORARY, reply=self._without_password(f"broken off in the message: {cut(str(error))}")
            )
        faults.point("after_data")
        return (yield from self._end(session))

    def _offer(self, session: Session, commands: tuple[bytes, bytes, bytes]) -> Generator[None, None, Reply | None]:
        """Return the reply that refuses one of `commands`, or None if the server waits for the body."""
        pipelining = "pipelining" in session.offered
        if pipelining:  # RFC 2920, 3.1: in one write
            commands = (b"".join(commands), b"", b"")
        for number, (command, wanted) in enumerate(zip(commands, _WANTED, strict=True)):
            reply = yield from (self._begun(session, command) if number == 0 else self._asked(session, command))
            if reply.code in _NOT_OF_THIS_MESSAGE:
                raise smtplib.SMTPResponseException(reply.code, b"\n".join(reply.lines))
            if reply.digit in {4, 5}:
                yield from self._take_back(session, unread=len(commands) - 1 - number if pipelining else 0)
                return reply
            if reply.digit != wanted:
                raise BrokenDialogueError(f"the server's reply is out of turn: {reply.text}")
        return None

    def _begun(self, session: Session, command: bytes) -> Generator[None, None, Reply]:
        """Return the reply to MAIL; raise _StaleError if the server ended a kept connection instead, which costs nothing."""
        is_kept = session.transactions > 0
        session.transactions += 1
        try:
            reply = yield from self._asked(session, command)
        except OSError as error:
            if is_kept:
                raise _StaleError from error
            raise
        if is_kept and reply.code == 421:
            raise _StaleError
        return reply

    def _asked(self, session: Session, command: bytes) -> Generator[None, None, Reply]:
        """Return the reply to a command, or the next one to what was written before if it is empty."""
        if command:
            session.write(command, within_s=self._command_s)
            yield
            while not session.is_written():
                yield
        while (reply := session.reply()) is None:
            yield
        self.answered_at = time.monotonic()
        return reply

    def _take_back(self, session: Session, *, unread: int) -> Generator[None, None, None]:
        """End a transaction that was refused, so that the next can begin: `unread` commands have still to be answered.

        The refusal stands whatever happens now, so all that can fail here is the connection.
        """
        try:
            reply = None
            for _ in range(unread):
                reply = yield from self._asked(session, b"")
            if reply is not None and reply.digit == 3:
                yield from self._asked(session, b".\r\n")  # RFC 2920, 3.1: DATA was taken for nobody
            if (yield from self._asked(session, b"RSET\r\n")).digit != 2:
                self.drop()
        except OSError:
            self.drop()

    def _end(self, session: Session) -> Stages:
        """Return what the reply to the final dot says; if there is none, nobody knows (RFC 1047)."""
        try:
            yield
            reply = yield from self._asked(session, b"")
        except OSError as error:
            self.drop()
            text = f"the message was handed over, but no reply came: {error}"
            return Outcome(result=Result.UNKNOWN, reply=cut(self._without_password(text)))
        if reply.code == 421 or reply.digit == 3:
            self.drop()
        elif reply.digit != 2:
            yield from self._take_back(session, unread=0)
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
