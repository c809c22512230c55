"""A small real IMAP server on loopback: as much of RFC 9051 as a reader of mail needs, and ways to misbehave."""

import base64
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.mail.wire import Server, Wire

_NO_ANSWER = "none"  # what `on_command` returns to close the connection


@dataclass
class Kept:
    """One message in a folder."""

    uid: int
    octets: bytes
    flags: set[str] = field(default_factory=set)

    @property
    def is_seen(self) -> bool:
        return r"\Seen" in self.flags


class ImapServer(Server):
    """A server with one user. `folders` may be looked at and changed at any time.

    `on_command` is asked before each command, with its name and its arguments; what it returns is said in the place of the
    tagged answer, `CLOSE` cuts the connection, and None lets the command do what it should. `later` are capabilities that are
    told only after the login.
    """

    CLOSE = _NO_ANSWER

    def __init__(
        self,
        *,
        user: str = "invites",
        password: str = "secret",
        capabilities: str = "IMAP4rev1 UNSELECT",
        later: str = "MOVE",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self.tls = tls
        self.credentials = (user, password)
        self.capabilities = capabilities
        self.later = later
        self.folders: dict[str, list[Kept]] = {"INBOX": []}
        self.delimiter = "/"
        self.commands: list[str] = []
        self.on_command: Callable[[str, str], str | None] = lambda _name, _arguments: None
        self._next_uid = 1

    def put(self, octets: bytes, *, folder: str = "INBOX", flags: set[str] | None = None) -> Kept:
        """Put a message into a folder."""
        with self._changed:
            kept = Kept(uid=self._next_uid, octets=octets, flags=set(flags or ()))
            self._next_uid += 1
            self.folders.setdefault(folder, []).append(kept)
            return kept

    def heard(self, name: str) -> int:
        """Return how often a command was given."""
        with self._changed:
            return sum(1 for command in self.commands if command.partition(" ")[0] == name)

    def wait_for(self, condition: Callable[[], bool], *, timeout_s: float = 30) -> None:
        """Return when `condition` holds; it is looked at after each command. Raise TimeoutError after `timeout_s`."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise TimeoutError("what was waited for never came")

    def play(self, wire: Wire) -> None:
        if self.tls is not None:
            wire.start_tls(self.tls)
        wire.send(f"* OK [CAPABILITY {self.capabilities}] ready\r\n".encode())
        session = _Session(self, wire)
        while not session.is_over:
            session.answer(wire.line().decode("utf-8", "replace").rstrip("\r\n"))
            with self._changed:
                self._changed.notify_all()


class _Session:
    def __init__(self, server: ImapServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire
        self._folder = ""
        self._is_known = False
        self.is_over = False

    def answer(self, line: str) -> None:
        tag, _, rest = line.partition(" ")
        name, _, arguments = rest.partition(" ")
        if name.upper() == "UID":
            sub, _, arguments = arguments.partition(" ")
            name = f"UID-{sub}"
        name = name.upper()
        self._server.commands.append(f"{name} {arguments}")
        said = self._server.on_command(name, arguments)
        if said == ImapServer.CLOSE:
            self._wire.cut()
            self.is_over = True
            return
        if said is None:
            does = getattr(self, f"_{name.lower().replace('-', '_')}", lambda _arguments: "BAD what")
            said = does(arguments)
        self._wire.send(f"{tag} {said}\r\n".encode())

    def _capability(self, _arguments: str) -> str:
        more = f" {self._server.later}" if self._is_known and self._server.later else ""
        self._say(f"CAPABILITY {self._server.capabilities}{more}")
        return "OK done"

    def _login(self, arguments: str) -> str:
        words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', arguments)
        user, password = (re.sub(r"\\(.)", r"\1", quoted or plain) for quoted, plain in words)
        return self._known((user, password))

    def _authenticate(self, _arguments: str) -> str:
        self._wire.send(b"+ \r\n")
        _, user, password = base64.b64decode(self._wire.line()).decode().split("\x00")
        return self._known((user, password))

    def _known(self, credentials: tuple[str, str]) -> str:
        self._is_known = credentials == self._server.credentials
        return "OK logged in" if self._is_known else f"NO [AUTHENTICATIONFAILED] {credentials[1]} is wrong"

    def _select(self, arguments: str) -> str:
        folder = arguments.strip('"')
        if folder not in self._server.folders or not self._is_known:
            return "NO [NONEXISTENT] no such folder"
        self._folder = folder
        self._say(f"{len(self._messages)} EXISTS")
        return "OK [READ-WRITE] selected"

    def _list(self, arguments: str) -> str:
        pattern = arguments.rsplit(maxsplit=1)[-1].strip('"').replace("*", ".*")
        for folder in self._server.folders:
            if re.fullmatch(pattern, folder):
                self._say(f'LIST (\\HasNoChildren) "{self._server.delimiter}" "{folder}"')
        return "OK listed"

    def _uid_search(self, arguments: str) -> str:
        assert arguments == "UNSEEN UNDELETED"
        found = [str(one.uid) for one in self._messages if not one.flags & {r"\Seen", r"\Deleted"}]
        self._say(" ".join(["SEARCH", *found]))
        return "OK searched"

    def _uid_fetch(self, arguments: str) -> str:
        uid, _, wanted = arguments.partition(" ")
        most = re.search(r"BODY\.PEEK\[\]<0\.([0-9]+)>", wanted)
        assert most is not None
        for number, one in enumerate(self._messages, 1):
            if one.uid == int(uid):
                octets = one.octets[: int(most[1])]
                head = f"* {number} FETCH (UID {uid} BODY[]<0> {{{len(octets)}}}\r\n"
                self._wire.send(head.encode() + octets + b")\r\n")
        return "OK fetched"

    def _uid_store(self, arguments: str) -> str:
        uid, how, flags = arguments.split(" ", 2)
        assert how == "+FLAGS.SILENT"
        for one in self._messages:
            if one.uid == int(uid):
                one.flags |= set(flags.strip("()").split())
        return "OK stored"

    def _uid_move(self, arguments: str) -> str:
        uid, _, folder = arguments.partition(" ")
        target = self._server.folders[folder.strip('"')]
        for one in [one for one in self._messages if one.uid == int(uid)]:
            self._messages.remove(one)
            target.append(one)
        return "OK moved"

    def _logout(self, _arguments: str) -> str:
        self._say("BYE come again")
        self.is_over = True
        return "OK gone"

    def _say(self, text: str) -> None:
        self._wire.send(f"* {text}\r\n".encode())

    @property
    def _messages(self) -> list[Kept]:
        return self._server.folders[self._folder]
