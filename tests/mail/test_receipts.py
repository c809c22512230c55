"""Receipts: what the relay took stands on the disk at once, and only what a process left behind is read."""

import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import pytest

from tests.journeys.program import until
from tests.mail.conftest import Connect
from tests.mail.envelopes import a_claim, an_envelope
from tests.smtp_server import OK, Received, Sink
from tests.torture.disks import fill, small_disk, why_not
from tocsin.domain.delivery import Outcome, Receipt, Result
from tocsin.domain.letter import Envelope
from tocsin.mail.ear import Ear
from tocsin.mail.lanes import Lanes
from tocsin.mail.pool import Pool
from tocsin.mail.receipts import LONGEST, Book, Receipts

TAKEN = Outcome(result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply="ok, ada@example.com")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "receipts"


def left(folder: Path) -> list[Receipt]:
    found: list[Receipt] = []
    Receipts(folder).take(found.extend)
    return found


def noted(folder: Path) -> list[Receipt]:
    return Receipts(folder).noted([a_claim(1), a_claim(2)])


def test_what_a_process_that_was_killed_had_noted_is_read_once(folder: Path) -> None:
    program = (
        "import os, pathlib, sys\n"
        "from tests.mail.test_receipts import TAKEN, a_claim\n"
        "from tocsin.mail.receipts import Book\n"
        "book = Book(pathlib.Path(sys.argv[1]))\n"
        "book.note(a_claim(1), TAKEN)\n"
        "book.note(a_claim(2, attempt=3), TAKEN)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=Path(__file__).parents[2], check=False)

    assert left(folder) == [
        Receipt(claim=a_claim(1), code=250, enhanced_code="2.0.0"),
        Receipt(claim=a_claim(2, attempt=3), code=250, enhanced_code="2.0.0"),
    ]
    assert list(folder.iterdir()) == []


def test_the_receipts_of_a_process_that_lives_are_its_own(folder: Path) -> None:
    book = Receipts(folder).book()
    book.note(a_claim(), TAKEN)

    assert left(folder) == []

    book.close()
    assert [one.claim for one in left(folder)] == [a_claim()]


def test_what_a_process_that_lives_noted_can_be_asked_for_and_stays(folder: Path) -> None:
    book = Receipts(folder).book()
    book.note(a_claim(1), TAKEN)
    book.note(a_claim(2), TAKEN)
    dead = Receipts(folder).book()
    dead.note(a_claim(3), TAKEN)
    dead.close()

    found = Receipts(folder).noted([a_claim(1), a_claim(3), a_claim(2, attempt=2), a_claim(4)])

    assert sorted(one.claim for one in found) == [a_claim(1), a_claim(3)]
    assert Receipts(folder).noted([a_claim(2)]) == [Receipt(claim=a_claim(2), code=250, enhanced_code="2.0.0")]


def test_what_could_not_be_settled_is_there_the_next_time(folder: Path) -> None:
    book = Book(folder)
    book.note(a_claim(), TAKEN)
    book.close()

    def fails(_found: list[Receipt]) -> None:
        raise RuntimeError("the store is away")

    with pytest.raises(RuntimeError):
        Receipts(folder).take(fails)

    assert [one.claim for one in left(folder)] == [a_claim()]


def test_a_book_does_not_grow_for_ever(folder: Path) -> None:
    book = Book(folder)
    while not (full := [one for one in folder.glob("*") if one.stat().st_size > LONGEST]):
        book.is_settled()
        book.note(a_claim(), TAKEN)

    book.is_settled()

    assert full[0].stat().st_size == 0
    book.note(a_claim(7), TAKEN)
    book.close()
    assert [one.claim for one in left(folder)] == [a_claim(7)]


def test_nothing_that_names_a_person_stands_in_them_and_nobody_else_may_read_them(folder: Path) -> None:
    book = Book(folder)
    book.note(a_claim(), TAKEN)

    [file] = folder.iterdir()
    assert b"@" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_lines_that_a_power_cut_has_spoilt_say_nothing(folder: Path) -> None:
    folder.mkdir(parents=True)
    whole = b"w1 d1 1 - -\n"
    spoilt = b"\0\0\0\0\nw1 d2 x 250 -\nw1 d3 1 250\nw1 d4 1 2"
    (folder / "a.receipts").write_bytes(whole + spoilt)

    found = left(folder)

    assert [(one.claim.delivery_id, one.code, one.enhanced_code) for one in found] == [("d1", None, "")]


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_receipts(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.mkdir()
    folder.write_text("a file")
    book = Book(folder)

    book.note(a_claim(1), TAKEN)
    book.note(a_claim(2), TAKEN)
    book.is_settled()
    book.close()

    assert len(caplog.records) == 1
    assert "may send twice" in caplog.text


def test_receipts_are_kept_again_when_there_is_room_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if reason := why_not():
        pytest.skip(reason)
    with small_disk(tmp_path / "disk", mib=1) as place:
        book = Book(place)
        book.note(a_claim(1), TAKEN)
        ballast = fill(place)
        numbers = count(2)
        while not caplog.records:  # what is left of the page has room for some
            book.note(a_claim(next(numbers)), TAKEN)
        book.note(a_claim(next(numbers)), TAKEN)
        ballast.unlink()

        last = next(numbers)
        book.note(a_claim(last), TAKEN)

        assert [one.claim for one in Receipts(place).noted([a_claim(last)])] == [a_claim(last)]
        book.close()
        assert {one.claim for one in left(place)} >= {a_claim(1), a_claim(last)}
        assert list(place.iterdir()) == []
    assert len(caplog.records) == 1


def test_receipts_that_cannot_be_read_stop_nobody(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "a.receipts").mkdir(parents=True)

    assert left(folder) == []
    assert Receipts(folder).noted([a_claim()]) == []
    assert caplog.text.count("cannot be read") == 2


def test_what_is_taken_while_the_worker_writes_to_its_store_is_noted_meanwhile(connect: Connect, folder: Path) -> None:
    both_have_arrived, is_settling = threading.Barrier(2), threading.Event()
    waiting = [an_envelope(f"person{number}@example.com", claim=a_claim(number)) for number in (1, 2)]

    def supply(wanted: int) -> list[Envelope]:
        given, waiting[:] = waiting[:wanted], waiting[wanted:]
        return given

    def answer(received: Received) -> str:
        both_have_arrived.wait(10)
        assert received.recipient == "person1@example.com" or is_settling.wait(10)
        return OK

    with Sink() as sink:
        sink.on_data = answer
        mailer = Lanes(Pool([connect(sink), connect(sink)]), book=Receipts(folder).book(), ear=Ear())
        groups = mailer.send(supply)
        first = [number for number, _ in next(groups)]
        is_settling.set()
        until(lambda: len(noted(folder)) == 2)
        second = [number for group in groups for number, _ in group]
        mailer.close()

    assert (first, second) == ([0], [1])


def test_a_mailer_notes_what_was_taken_before_it_tells_and_nothing_else(connect: Connect, folder: Path) -> None:
    waiting = [an_envelope(claim=a_claim(1)), an_envelope("no address", claim=a_claim(2))]

    def supply(wanted: int) -> list[Envelope]:
        given, waiting[:] = waiting[:wanted], waiting[wanted:]
        return given

    with Sink() as sink:
        mailer = Lanes(Pool([connect(sink)]), book=Receipts(folder).book())
        noted = [[one.read_bytes() for one in folder.glob("*.receipts")] for _ in mailer.send(supply)]
        mailer.close()

    assert noted[0][0].startswith(b"w d1 1 250 ")
    assert [one.claim for one in left(folder)] == [a_claim(1)]
