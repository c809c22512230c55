"""A relay for measuring, as a program: `python -m bench.sink --record FILE [--delay-s S]`.

It prints its port, takes everything, and writes down each message and when it was taken once it is told to end (SIGTERM).
With a delay it answers the final dot that much later, as a relay does that writes the message to its disk first; what came
after the dot waits meanwhile. It speaks what postfix's smtp-sink does, pipelining included.
"""

import argparse
import asyncio
import json
import re
import signal
import time
from pathlib import Path
from typing import cast

import uvloop

_GREETING = b"220 sink.example ESMTP\r\n"
_EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 33554432\r\n250 ENHANCEDSTATUSCODES\r\n"
_OK = b"250 2.0.0 ok\r\n"
_END = b"\r\n.\r\n"
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*<([^>\r\n]*)>")
_SUBJECT = re.compile(rb"(?im)^subject:[ \t]*([^\r\n]*)")
_HEAD = 8192  # octets in which the header of a message stands

Record = list[tuple[float, str, str, str]]


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, record: Record, delay_s: float) -> None:
        self._record = record
        self._delay_s = delay_s
        self._buffer = bytearray()
        self._recipient = ""
        self._in_message = False
        self._is_thinking = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own, which is none by its class
        self._transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        """Go on with what came."""
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._is_thinking and (self._message() if self._in_message else self._command()):
            pass

    def _command(self) -> bool:
        line, found, _ = self._buffer.partition(b"\r\n")
        if not found:
            return False
        del self._buffer[: len(line) + 2]
        verb = bytes(line[:4]).upper()
        if verb == b"RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
        self._in_message = verb == b"DATA"
        self._answer({b"EHLO": _EHLO, b"DATA": b"354 go on\r\n", b"QUIT": b"221 2.0.0 bye\r\n"}.get(verb, _OK))
        if verb == b"QUIT" and self._transport is not None:
            self._transport.close()
        return True

    def _message(self) -> bool:
        end = self._buffer.find(_END)
        if end < 0:
            return False
        head = bytes(self._buffer[: min(end, _HEAD)]).partition(b"\r\n\r\n")[0]
        del self._buffer[: end + len(_END)]
        self._in_message = False
        if self._delay_s:
            self._is_thinking = True
            asyncio.get_running_loop().call_later(self._delay_s, self._take, head)
        else:
            self._take(head)
        return True

    def _take(self, head: bytes) -> None:
        name, subject = _MESSAGE_ID.search(head), _SUBJECT.search(head)
        found = [one[1].decode("utf-8", "replace") if one else "" for one in (name, subject)]
        self._record.append((time.time(), found[0], self._recipient, found[1]))
        self._answer(_OK)
        if self._is_thinking:
            self._is_thinking = False
            self._go_on()

    def _answer(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


async def serve(record: Record, delay_s: float) -> None:
    """Serve until told to end by SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Session(record, delay_s), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--delay-s", type=float, default=0.0)
    wanted = parser.parse_args()
    record: Record = []
    uvloop.run(serve(record, wanted.delay_s))
    wanted.record.write_text("".join(json.dumps(one) + "\n" for one in record), "utf-8")


if __name__ == "__main__":
    main()
