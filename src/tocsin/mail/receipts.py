"""Receipts: what the relay took, noted on this machine's disk in the moment in which it says so.

The database knows it some milliseconds later. A process that is killed in between leaves its receipts behind, and the next one
settles by them instead of sending once more. They are not flushed: after a power cut some are missing, and those messages are
sent again, as all would be without receipts. They name deliveries and codes; what the relay said may name a person.
"""

import errno
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from tocsin.domain.delivery import Claim, DeliveryId, Outcome, Receipt
from tocsin.domain.model import WorkspaceId
from tocsin.mail.living import begun, there
from tocsin.mail.neighbours import Neighbours

LONGEST = 65_536  # octets of a book from which on it is begun anew
_NONE = "-"

log = logging.getLogger("tocsin.mail")


class Book:
    """The receipts of one mailer. Its file is locked as long as the process lives, which tells others that it is in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._octets = 0
        self._is_failing = False

    def note(self, claim: Claim, outcome: Outcome) -> None:
        """Write that the relay has taken a message. If that fails it is told, once until one can be written again."""
        try:
            self._write(_line(claim, outcome))
        except OSError as error:
            self.close()  # half a line would spoil the next one, which is written into a new file
            if not self._is_failing:
                log.warning("no receipts are kept, so a killed worker may send twice what it just sent: %s", error)
            self._is_failing = True
        else:
            self._is_failing = False

    def is_settled(self) -> None:
        """Say that the database knows of all that was noted."""
        if self._file is not None and self._octets > LONGEST:
            os.ftruncate(self._file, 0)
            self._octets = 0

    def close(self) -> None:
        """Let go of the file; whoever looks next throws it away."""
        if self._file is not None:
            os.close(self._file)
            self._file, self._octets = None, 0

    def _write(self, line: bytes) -> None:
        if self._file is None:
            self._file = begun(self._folder / f"{secrets.token_hex(8)}.receipts")
        written = os.write(self._file, line)
        self._octets += written
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Receipts:
    """The folder with the books of all processes of this machine that deliver for one store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def book(self) -> Book:
        """Return a new book."""
        return Book(self._folder)

    def neighbours(self, worker: str) -> Neighbours:
        """Return the workers of this machine, of which `worker` is this one."""
        return Neighbours(self._folder, worker)

    def take(self, settle: Callable[[list[Receipt]], None]) -> None:
        """Give `settle` what each process that ended left behind, and throw it away when that returns."""
        for path in there(self._folder, ".receipts"):
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    settle(list(_receipts(file.read())))
                    path.unlink(missing_ok=True)
            except BlockingIOError:
                continue  # its process lives
            except OSError as error:
                log.warning("receipts of a worker that ended cannot be read: %s", error)

    def noted(self, claims: Collection[Claim]) -> list[Receipt]:
        """Return what any process of this machine noted of these, also one that has not ended: it may stand still."""
        found: list[Receipt] = []
        for path in there(self._folder, ".receipts"):
            try:
                found += [one for one in _receipts(path.read_bytes()) if one.claim in claims]
            except OSError as error:
                log.warning("receipts of another worker cannot be read: %s", error)
        return found


def _line(claim: Claim, outcome: Outcome) -> bytes:
    codes = f"{outcome.code or _NONE} {outcome.enhanced_code or _NONE}"
    return f"{claim.workspace_id} {claim.delivery_id} {claim.attempt} {codes}\n".encode()


def _receipts(content: bytes) -> Iterator[Receipt]:
    """Read the lines; one that a power cut has spoilt says nothing."""
    for line in content.decode("ascii", "replace").split("\n")[:-1]:
        words = line.split(" ")
        if len(words) == 5 and words[2].isdecimal():
            workspace_id, delivery_id, attempt, code, enhanced_code = words
            yield Receipt(
                claim=Claim(WorkspaceId(workspace_id), DeliveryId(delivery_id), int(attempt)),
                code=int(code) if code.isdecimal() else None,
                enhanced_code="" if enhanced_code == _NONE else enhanced_code,
            )
