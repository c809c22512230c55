"""Ports of this machine for servers under measurement."""

import random
import socket
from contextlib import suppress

from bench.children import FailedError


def free_port() -> int:
    """Return a port that is free, below those that outgoing connections take."""
    for _ in range(100):
        port = random.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise FailedError("no port is free")


def is_open(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
