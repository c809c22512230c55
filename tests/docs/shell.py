"""A page's commands in a shell of their own: one block after the other, on a free port, in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import ROOT, Block
from tests.faces.running import Program

# curl ends a page's commands when a server refuses; `make` is that of the tree. The rest is typed as it stands.
PREPARED = f"""
set -euo pipefail
curl() {{ command curl --fail-with-body --noproxy '*' "$@"; }}
tocsin() {{
  if [ "$1 ${{2:-}}" = "account create" ]; then command tocsin "$@" <<<'a password of some length'; else command tocsin "$@"; fi
}}
make() {{ command make --no-print-directory -C '{ROOT}' "$@"; }}
export PATH='{Path(sys.executable).parent}':"$PATH"
"""
# What stands for something of the reader's own.
YOURS = {
    "localhost:8000": "localhost:{port}",
    "https://bookings.example.com": "http://localhost:{port}",
    "smtp://user:password@mail.example.com:587?tls=required": "capture:",
}
# What docs/api.md has done by the time that others go on.
GIVEN = """
tocsin workspace create acme --name Acme --time-zone Europe/Berlin
KEY=$(tocsin key create acme)
API=http://localhost:8000/api/external/v2
JSON='Content-Type: application/json'
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
send() { curl -sS "$API/$1" -H "X-Api-Key: $KEY" -H "$JSON" -d "$2"; }
MEETING=$(send meetings '{"slug": "intro-call", "name": "Intro call", "hosts": ["zoe@example.com"], "duration": 30}' |
  field "['meeting']['id']")
RULE=$(send automation-rules/full '{"event": "booking_confirmed", "meeting_ids": ["'$MEETING'"],
  "actions": [{"type": "send_email", "emails": ["team@example.com"], "email_subject": "New", "email_body": "<p>New</p>"}]}' |
  field "['workflow']['id']")
BOOKING=$(send bookings '{"meeting_slug": "intro-call", "name": "Ada", "email": "ada@example.com", "time_zone": "Europe/London",
  "slot_date": "2031-03-03", "slot_start_time": "15:30"}' | field "['booking']['id']")
"""
STARTS = re.compile(r"^(?:tocsin|make) (serve|demo)\s*(?:#.*)?$", re.MULTILINE)
PATIENCE_S = 60.0


@dataclass(slots=True, kw_only=True)
class Terminal:
    """Where somebody types what a page says. Servers go on in the background, as in a second terminal."""

    folder: Path
    port: int
    servers: ExitStack

    def types(self, block: Block) -> str:
        """Type a block to its end and return what is printed; a server in it is started and waited for."""
        said = ""
        for at, part in enumerate(STARTS.split(block.text)):
            said += self._starts(part) if at % 2 else self._runs(part, f"{block.page}:{block.line}")
        return said

    def opens(self, page: str) -> None:
        """Get ready what a page takes for granted: a server, and after the API's own page a workspace with a booking."""
        if page not in ("README.md", "docs/tutorial.md"):
            self._starts("serve")
        if page not in ("README.md", "docs/tutorial.md", "docs/api.md"):
            self._runs(GIVEN, "what the page takes for granted")

    def _starts(self, command: str) -> str:
        self.servers.close()  # there is one at a time on a port
        program = Program(folder=self.folder, environment=self._environment())
        self.servers.enter_context(program.started(command, says="Tocsin "))
        return ""

    def _runs(self, text: str, where_from: str) -> str:
        kept = self.folder / ".state"
        before = f"source '{kept}'\n" if kept.exists() else ""
        after = f"\n{{ declare -p; declare -f; }} >'{kept}.new'; env | grep ^TOCSIN_ >'{kept}.env'\n"
        typed = text
        for theirs, ours in YOURS.items():
            typed = typed.replace(theirs, ours.format(port=self.port))
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-c", before + PREPARED + typed + after],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{where_from} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        self._keep(kept)
        return done.stdout

    def _keep(self, kept: Path) -> None:
        """Keep variables and functions for the next block, without those that a shell does not let itself be given."""
        lines = Path(f"{kept}.new").read_text("utf-8")
        kept.write_text(re.sub(r"^declare -\S*[raA]\S* .*\n", "", lines, flags=re.MULTILINE), "utf-8")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}  # noqa: TID251
        exported = self.folder / ".state.env"
        theirs = (
            dict(line.split("=", 1) for line in exported.read_text("utf-8").splitlines()) if exported.exists() else {}
        )
        return (
            kept
            | {
                "HOME": str(self.folder),
                "COLUMNS": "200",
                "EDITOR": "true",
                "TOCSIN_LISTEN": f"127.0.0.1:{self.port}",
                "TOCSIN_BASE_URL": f"http://localhost:{self.port}",
                "TOCSIN_RESOLVER": "127.0.0.1:9",  # nobody is asked
            }
            | theirs
        )


@contextmanager
def terminal(folder: Path, port: int) -> Iterator[Terminal]:
    """Open a terminal in an empty folder; end what was started in it."""
    with ExitStack() as servers:
        yield Terminal(folder=folder, port=port, servers=servers)
