"""Ports for servers under test."""

import random
import socket
from contextlib import suppress

_CHANCE = random.SystemRandom()  # several test processes look for ports at the same time


def free_port() -> int:
    """Return a port that is free and stays so while the server is down: outgoing connections take theirs from 32768 on."""
    for _ in range(100):
        port = _CHANCE.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")
