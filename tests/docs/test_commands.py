"""Every command in the documentation is typed as it stands; what is not says why, and the reasons are counted here."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks, looks_like, pages
from tests.docs.shell import terminal
from tests.ports import free_port

PAGES = pages()


@pytest.mark.parametrize("page", [page for page in PAGES if any(not one.reason for one in blocks(page))])
def test_what_a_page_tells_you_to_type_works(page: str, tmp_path: Path) -> None:
    with terminal(tmp_path, free_port()) as typist:
        typist.opens(page)
        for block in blocks(page):
            if block.reason:
                continue
            said = typist.types(block)
            assert looks_like(block.shown, said), f"{page}:{block.line} shows what is not printed:\n{said}"


ON_A_MACHINE = "needs root and a systemd; tests/deploy types it on a machine of its own"
# Each block that is not typed, by its page and reason. One that is added or taken away changes this list, and so is seen.
NOT_RUN = {
    "README.md": ["needs a PostgreSQL of your own; tests/scale and tests/failover run these commands on one"],
    "docs/benchmarks.md": ["takes an hour"],
    "docs/cryptography.md": [
        "needs a server that was stopped; tests/faces/test_cli_secret.py types it",
        "ends what works; tests/faces/test_cli_secret.py types it",
    ],
    "docs/deploy.md": [
        "needs a network; `make setup` is how every test run begins",
        ON_A_MACHINE,
        ON_A_MACHINE,
        ON_A_MACHINE,
        "needs a PostgreSQL of Debian's",
        ON_A_MACHINE,
        ON_A_MACHINE,
        "needs a network, and a collector",
        "needs a container engine",
        "needs a container engine",
        "needs a container engine",
    ],
    "docs/operations.md": ["the demo of the README, at a port that may be taken"],
    "docs/recipients.md": ["needs a workspace that was paused"],
    "docs/reliability.md": ["takes minutes"],
    "docs/rules-as-code.md": ["needs a server with TLS elsewhere", "asks Cal.com"],
    "docs/sending.md": ["needs a domain in the DNS", "needs a domain in the DNS"],
    "docs/sources.md": [
        "asks Calendly",
        "needs the token of an Easy!Appointments",
        "needs the key of an Acuity account",
        "needs a call that came",
    ],
    "docs/tutorial.md": ["the tests have the program on their path already"],
    "docs/upgrade.md": [ON_A_MACHINE] * 3,
}


def test_what_is_not_typed_says_why() -> None:
    found = {page: [one.reason for one in blocks(page) if one.reason] for page in PAGES}

    assert {page: reasons for page, reasons in found.items() if reasons} == NOT_RUN


def test_no_block_of_commands_is_overlooked() -> None:
    for page in PAGES:
        fences = re.findall(r"^\s*```(?:sh|console|bash|shell)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
        assert len(fences) == len(blocks(page)), page


def test_shown_output_is_compared_line_by_line() -> None:
    assert looks_like(("sent … team@example.com",), "waiting\nsent  booking_confirmed team@example.com\n")
    assert not looks_like(("sent … team@example.com",), "sent booking_confirmed zoe@example.com\n")
    assert not looks_like(("1", "0"), "0\n1\n")


def test_a_command_that_fails_or_is_refused_fails_the_page(tmp_path: Path) -> None:
    def block(text: str) -> Block:
        return Block(page="a page", line=7, text=text, shown=(), reason="")

    with terminal(tmp_path, free_port()) as typist:
        typist.opens("docs/api.md")

        with pytest.raises(AssertionError, match="a page:7 ended with 22"):
            typist.types(block("curl -sS http://localhost:8000/nothing-here\n"))
        with pytest.raises(AssertionError, match="a page:7 ended with"):
            typist.types(block("tocsin workspace show nobody\necho on\n"))
