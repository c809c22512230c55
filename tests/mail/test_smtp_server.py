"""The sink as a process of its own, as the tests use it that kill the other side."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from tests.mail.conftest import Connect
from tests.mail.envelopes import an_envelope
from tocsin.domain.delivery import Result
from tocsin.mail.transport import parse

ROOT = Path(__file__).parents[2]


def test_a_sink_writes_a_message_down_before_it_says_so(connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    message = b"Message-ID: <7@tocsin>\r\n\r\n.\r\n"
    command = [sys.executable, "-m", "tests.smtp_server", "--port", "0", "--file", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        mailer = connect(parse(f"smtp://127.0.0.1:{process.stdout.readline().strip()}"))

        result = mailer.send(an_envelope("ada@example.com", message=message)).result
        (row,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        process.communicate(timeout=10)

    assert result is Result.ACCEPTED
    assert row.pop("at") > 0
    assert row == {
        "recipient": "ada@example.com",
        "sender": "invites@localhost",
        "message_id": "7@tocsin",
        "sha256": hashlib.sha256(message).hexdigest(),
        "size": len(message),
    }
    assert process.returncode == 0
