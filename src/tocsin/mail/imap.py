"""Fetches mail that comes back from an IMAP mailbox (RFC 9051), for those who have no relay that could forward it.

Each round is a connection of its own. What was taken is marked as seen, and moved to the folder `Tocsin` if there is one. What
could not be written down stays unseen, and is fetched again; what was not sent to an address of ours is left as it is, because
the mailbox may be somebody's own.
"""

import imaplib
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailboxFetchError, MailboxFlagError, MailBoxUnencrypted
from imap_tools.utils import check_command_status

from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.formats import received
from tocsin.mail.transport import is_loopback
from tocsin.services.inbound import Inbound, Verdict

FOLDER = "Tocsin"  # where mail goes that was taken
PATIENCE_S = 30.0  # for each answer of the server
MOST_AT_ONCE = 500  # messages of one round
LONGEST_WAIT = timedelta(minutes=15)
STOP_S = 5.0  # what a connection that does not come about may still take when told to stop

_SHAPE = "write imaps://user:password@host:993/INBOX?every=60, with user and password percent-encoded"
_SHORTEST, _LONGEST = 5, 86_400  # seconds between rounds
# Servers name the envelope's recipient in one of the first three; `To` is what the sender wrote.
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_ADDRESS = re.compile(r"[^\s<>,;:()\"]+@[^\s<>,;:()\"]+")
_LARGEST_HEADERS = 65_536  # octets
_CODE = re.compile(r"\[([A-Z-]{2,40})[\] ]")  # RFC 9051, 7.1: such as AUTHENTICATIONFAILED

_TROUBLE = (ImapToolsError, imaplib.IMAP4.error, OSError)

log = logging.getLogger("tocsin.inbound")

Take = Callable[[Inbound], object]  # raises UnavailableError if the mail is to be brought again


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Which mailbox is read, and how often. `is_secured`: by TLS from the first byte (RFC 8314, 3.2)."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    every: timedelta = timedelta(seconds=60)
    is_secured: bool = True


def parse(url: str) -> Mailbox:
    """Return the mailbox that `url` names; `imap://` is only for this machine itself.

    Raises ConfigurationError with a sentence that says what would be right and holds no password.
    """
    parts, port, options = _split(url)
    user, password, folder = (_decoded(text) for text in (parts.username, parts.password, parts.path[1:] or "INBOX"))
    if not user or not password:
        raise ConfigurationError(f"the address of the mailbox needs user and password; {_SHAPE}")
    if parts.scheme == "imap" and not is_loopback(parts.hostname or ""):
        raise ConfigurationError("a password for another machine needs imaps://, or anybody on the way can read it")
    return Mailbox(
        host=parts.hostname or "",
        port=port or (993 if parts.scheme == "imaps" else 143),
        user=user,
        password=password,
        folder=folder,
        every=_every(options.get("every", "60")),
        is_secured=parts.scheme == "imaps",
    )


class Poller:
    """Reads a mailbox in a thread of its own from `start` to `stop`. `is_ours` tells the addresses that we have signed."""

    def __init__(self, mailbox: Mailbox, take: Take, *, is_ours: Callable[[str], bool]) -> None:
        self._mailbox = mailbox
        self._take = take
        self._is_ours = is_ours
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._trouble = ""
        self._left: set[str] = set()  # messages that are not ours, and stay as they are
        self._thread = threading.Thread(target=self._run, name="tocsin-imap", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the message in hand, and return; whatever the server is about to say is not waited for."""
        self._stopping.set()
        with suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            failures = 0 if self._is_well() else failures + 1
            self._stopping.wait(wait(self._mailbox.every, failures).total_seconds())

    def _is_well(self) -> bool:
        """Do one round; tell whether it went well. Trouble is logged when it begins, changes and ends."""
        trouble = ""
        try:
            self._round()
        except UnavailableError as error:
            trouble = f"a mail could not be taken: {error}"
        except _TROUBLE as error:
            trouble = f"the mailbox cannot be read: {_told(error)}"
        except Exception as error:
            log.exception("the mailbox cannot be read")
            trouble = type(error).__name__
        if trouble != self._trouble and not self._stopping.is_set():
            log.warning("%s; it is tried again", trouble) if trouble else log.info("the mailbox is read again")
        self._trouble = trouble
        return not trouble

    def _round(self) -> None:
        box = _connected(self._mailbox)
        self._socket = box.client.socket()
        try:
            _log_in(box, self._mailbox)
            target = _target(box)
            waiting = box.uids("UNSEEN UNDELETED", charset=None)
            self._left &= set(waiting)
            for uid in [one for one in waiting if one not in self._left][:MOST_AT_ONCE]:
                if self._stopping.is_set():
                    return
                if self._is_taken(_octets(box, uid)):
                    _put_away(box, uid, target)
                else:
                    self._left.add(uid)
        finally:
            self._socket = None
            with suppress(*_TROUBLE):
                box.logout()
            with suppress(OSError):  # the library leaves the socket open if the server does not say goodbye
                box.client.shutdown()

    def _is_taken(self, message: bytes) -> bool:
        """Take one message; tell whether it was ours to take. One that nobody can read must not keep the others waiting."""
        if not message:
            return False  # somebody deleted it meanwhile
        try:
            verdicts = [self._take(mail) for mail in mails(message, is_ours=self._is_ours)]
        except UnavailableError:
            raise
        except Exception:
            log.exception("a mail in the mailbox could not be taken; it stays unseen")
            return False
        return verdicts != [Verdict.IGNORED_UNSIGNED]


def wait(every: timedelta, failures: int) -> timedelta:
    """Return how long to wait after so many rounds in a row that failed: twice as long each time, up to 15 minutes."""
    return every if failures == 0 else max(every, min(every * 2 ** min(failures, 20), LONGEST_WAIT))


def mails(message: bytes, *, is_ours: Callable[[str], bool]) -> list[Inbound]:
    """Return a message once for each address of ours in its headers; once for nobody if there is none.

    A complaint can come to any address, with ours in it.
    """
    headers = received.fields_of(message[:_LARGEST_HEADERS].decode("latin-1"))
    named = [str(value) for name in _RECIPIENTS for value in headers.get_all(name, [])[: received.MOST_LOOKED_AT]]
    ours = dict.fromkeys(address for text in named for address in _ADDRESS.findall(text) if is_ours(address))
    return [Inbound(recipient=address, sender="", message=message) for address in ours or [""]]


def _connected(mailbox: Mailbox) -> BaseMailBox:
    if not mailbox.is_secured:
        return MailBoxUnencrypted(mailbox.host, mailbox.port, timeout=PATIENCE_S)
    return MailBox(mailbox.host, mailbox.port, timeout=PATIENCE_S, ssl_context=ssl.create_default_context())


def _log_in(box: BaseMailBox, mailbox: Mailbox) -> None:
    # LOGIN has no words but those of ASCII (RFC 9051, 6.2.3).
    log_in = box.login if (mailbox.user + mailbox.password).isascii() else box.login_utf8
    log_in(mailbox.user, mailbox.password, initial_folder=None)
    # Many servers tell all that they can only after the login.
    told = box.client.capability()[1][-1] or b""
    box.client.capabilities = tuple(told.decode("ascii", "replace").upper().split())
    box.folder.set(mailbox.folder)


def _put_away(box: BaseMailBox, uid: str, target: str) -> None:
    # Not the library's `flag`: it expunges afterwards, and with it what people have marked as deleted.
    check_command_status(box.client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"), MailboxFlagError)
    if target:
        box.move(uid, target)


def _target(box: BaseMailBox) -> str:
    """Return where to move what was taken, or nothing.

    Without MOVE (RFC 6851) it would have to be copied and expunged, and with it what people have marked as deleted.
    """
    if "MOVE" not in box.client.capabilities:
        return ""
    names = [(folder.name, folder.delim) for folder in box.folder.list("", f"*{FOLDER}")]
    return next((name for name, delimiter in names if name in (FOLDER, f"INBOX{delimiter}{FOLDER}")), "")


def _octets(box: BaseMailBox, uid: str) -> bytes:
    """Return a message, or of one that is too large as much as tells that; nothing if it has gone meanwhile."""
    answer = box.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{received.LARGEST + 1}>)")
    check_command_status(answer, MailboxFetchError)
    return next((bytes(piece[1]) for piece in answer[1] if isinstance(piece, tuple)), b"")


def _told(error: BaseException) -> str:
    """Return what a person may know of an error. What the server says is left out, but for its codes: it may repeat us."""
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    code = _CODE.search(str(error))
    return f"{type(error).__name__}{f' ({code[1]})' if code else ''}"


def _split(url: str) -> tuple[SplitResult, int | None, dict[str, str]]:
    try:
        parts = urlsplit(url)
        port, options = parts.port, _options(parts.query)
    except ValueError:  # its text may show a piece of a password that holds a slash
        raise ConfigurationError(f"the address of the mailbox cannot be read; {_SHAPE}") from None
    if not url.isprintable() or parts.scheme not in {"imap", "imaps"} or not parts.hostname or parts.fragment:
        raise ConfigurationError(f"the address of the mailbox cannot be read; {_SHAPE}")
    if options.keys() - {"every"}:
        raise ConfigurationError(f"after the folder only ?every= may follow; {_SHAPE}")
    return parts, port, options


def _options(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))


def _decoded(text: str | None) -> str:
    decoded = unquote(text or "", errors="replace")
    if not decoded.isprintable() or "\ufffd" in decoded:
        raise ConfigurationError(f"user, password or folder is not percent-encoded UTF-8; {_SHAPE}")
    return decoded


def _every(text: str) -> timedelta:
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not _SHORTEST <= int(text) <= _LONGEST:
        raise ConfigurationError(f"every= is a number of seconds from {_SHORTEST} to {_LONGEST}")
    return timedelta(seconds=int(text))
