"""The sink that writes down what it takes."""

import json
import smtplib
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.children import Child, Children

MESSAGE = "Message-ID: <{0}@x>\r\nSubject: number {0}\r\n\r\ntext\r\n"


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    """Give a place for processes that ends them."""
    with closing(Children(tmp_path)) as started:
        yield started


def started(children: Children, record: Path) -> tuple[Child, int]:
    child = children.start(sys.executable, "-m", "bench.sink", "--record", str(record), "--delay-s", "0.001")
    return child, int(child.line())


def taken(children: Children, child: Child, record: Path) -> list[tuple[str, str, str]]:
    children.end(child)
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    return [(message_id, recipient, subject) for _, message_id, recipient, subject in rows]


def test_each_message_is_written_down_with_its_recipient(children: Children, tmp_path: Path) -> None:
    child, port = started(children, tmp_path / "record")

    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        for number in (1, 2):
            client.sendmail("from@example.org", [f"to{number}@example.org"], MESSAGE.format(number))

    assert taken(children, child, tmp_path / "record") == [
        ("1@x", "to1@example.org", "number 1"),
        ("2@x", "to2@example.org", "number 2"),
    ]


def test_what_is_sent_ahead_of_the_reply_to_the_dot_waits_and_is_not_lost(children: Children, tmp_path: Path) -> None:
    child, port = started(children, tmp_path / "record")
    envelope = "MAIL FROM:<from@example.org>\r\nRCPT TO:<to{0}@example.org>\r\nDATA\r\n"
    talk = "EHLO x\r\n" + "".join(f"{envelope}{MESSAGE}.\r\n".format(number) for number in (1, 2, 3)) + "QUIT\r\n"

    with socket.create_connection(("127.0.0.1", port), timeout=10) as client, client.makefile("rb") as replies:
        client.sendall(talk.encode())
        codes = [line[:3] for line in replies if line[3:4] == b" "]

    assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 3, b"221"]
    assert [one[0] for one in taken(children, child, tmp_path / "record")] == ["1@x", "2@x", "3@x"]
