"""The desk of a running server: commands of the operator, over a Unix socket that only its own user can reach.

One process owns a SQLite file, so while a server runs the command line asks it instead of opening the file.
"""

import json
import logging
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tocsin.domain.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Problem,
    StoreInUseError,
    TocsinError,
    UnavailableError,
)

LONGEST_LINE = 33_554_432  # octets: a thousand rules, before and after
PATIENCE_S = 45.0  # a checkup may wait for the relay and for the DNS
# What may take long, because the store may be large.
_PATIENCES_S = dict.fromkeys(("backup", "doctor", "held done", "held send", "person export", "person erase"), 7200.0)

log = logging.getLogger("tocsin.desk")


@contextmanager
def open_desk(sign: Path, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Answer requests until the end of the block; `sign` is the file that tells where the desk is.

    The socket is in a folder of its own, because its path may have no more than about 100 octets and the database's may.
    """
    folder = Path(tempfile.mkdtemp(prefix="tocsin-"))  # 0700: only this user can enter
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / "desk"))
    listener.listen()
    sign.write_text(str(folder / "desk"), "utf-8")
    thread = threading.Thread(target=_listen, args=(listener, answer), name="tocsin-desk", daemon=True)
    thread.start()
    try:
        yield
    finally:
        sign.write_text("", "utf-8")
        # Closing alone does not wake a thread that waits in accept().
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        shutil.rmtree(folder, ignore_errors=True)


def ask(sign: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the desk that `sign` names. Raises StoreInUseError if nobody sits there."""
    try:
        place = sign.read_text("utf-8").strip()
        if not place:
            raise FileNotFoundError(sign)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(_PATIENCES_S.get(request.get("command", ""), PATIENCE_S))
            line.connect(place)
            line.sendall(json.dumps(request, ensure_ascii=False).encode() + b"\n")
            answer: dict[str, Any] = json.loads(_line_of(line))
            return answer
    except (OSError, ValueError) as error:
        raise StoreInUseError(
            "another process works on the SQLite file and takes no commands; stop it first"
        ) from error


def told(error: TocsinError) -> dict[str, Any]:
    """Return the answer that tells of an error."""
    problems = [asdict(one) for one in error.problems] if isinstance(error, InvalidInputError) else []
    return {"error": str(error), "code": error.code, "problems": problems}


def result_of(answer: dict[str, Any]) -> Any:
    """Return what an answer holds; raise the error that it tells of, as the command raised it."""
    if answer.get("problems"):
        raise InvalidInputError(Problem(**problem) for problem in answer["problems"])
    if "error" in answer:
        raise _ERRORS.get(answer["code"], UnavailableError)(answer["error"])
    return answer["result"]


# What a command can raise, by code; all of them are made from a sentence.
_ERRORS: dict[str, Callable[[str], TocsinError]] = {
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "configuration": ConfigurationError,
}


def _listen(listener: socket.socket, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return  # closed: the server stops
        with line:
            _serve(line, answer)


def _serve(line: socket.socket, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    try:
        line.settimeout(PATIENCE_S)
        line.sendall(json.dumps(answer(json.loads(_line_of(line)))).encode() + b"\n")
    except (OSError, ValueError) as error:
        log.warning("a request at the desk was cut off: %s", error)


def _line_of(line: socket.socket) -> bytes:
    found = bytearray()
    while not found.endswith(b"\n"):
        piece = line.recv(65_536)
        found += piece
        if not piece or len(found) > LONGEST_LINE:
            raise ValueError("the line was cut off")
    return bytes(found)
