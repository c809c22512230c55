"""Evolution's calendar does with messages what an iTIP calendar does, and reads in them what we read."""

import ast
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.calendars import ReceivedInvite, read
from tests.evolution.calendar import Evolution, EvolutionCalendar, RefusedError
from tests.formats.letters import HOSTILE_TEXTS, NOON, a_letter, an_invite
from tocsin.domain.invite import Method
from tocsin.formats import mime

LATER = NOON + timedelta(days=9)


def message(method: Method = Method.REQUEST, **changes: Any) -> bytes:
    return mime.write(a_letter(an_invite(method=method, **changes)))


def moved(**changes: Any) -> bytes:
    return message(starts_at=LATER, ends_at=LATER + timedelta(hours=1), **changes)


def without(name: str, invite: ReceivedInvite) -> ReceivedInvite:
    return replace(invite, calendar=re.sub(rf"(?m)^{name}[:;].*\r\n(?: .*\r\n)*".encode(), b"", invite.calendar))


@pytest.fixture
def calendar(evolution: Evolution) -> Iterator[EvolutionCalendar]:
    """Give an empty calendar."""
    with evolution.calendar() as opened:
        yield opened


def test_a_request_stands_in_the_calendar_as_it_was_sent(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message()])

    assert calendar.appointments == {read(message()).uid: read(message()).appointment}


def test_a_request_with_a_higher_sequence_moves_it(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message(), moved(sequence=1)])

    (held,) = calendar.appointments.values()
    assert held == read(moved()).appointment
    assert held.starts_at == LATER


def test_a_cancel_removes_it(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message(), moved(sequence=1), message(Method.CANCEL, sequence=2)])

    assert calendar.appointments == {}


def test_a_cancel_without_a_status_as_for_who_is_no_longer_invited_removes_it(calendar: EvolutionCalendar) -> None:
    cancel = without("STATUS", read(message(Method.CANCEL, sequence=1)))
    calendar.receive_all([message()])

    calendar.receive(cancel)

    assert b"STATUS" not in cancel.calendar
    assert calendar.appointments == {}


def test_a_message_that_comes_twice_changes_nothing(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message(), message()])
    once = calendar.appointments
    calendar.receive_all([message(Method.CANCEL, sequence=1)] * 2)

    assert once == {read(message()).uid: read(message()).appointment}
    assert calendar.appointments == {}


def test_two_uids_are_two_entries_and_case_tells_them_apart(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message(uid="a@example.net"), moved(uid="A@example.net"), message(uid="b@example.net")])

    calendar.receive_all([message(Method.CANCEL, uid="b@example.net", sequence=1)])

    held = {uid: appointment.starts_at for uid, appointment in calendar.appointments.items()}
    assert held == {"a@example.net": read(message()).appointment.starts_at, "A@example.net": LATER}


def test_what_comes_last_stands_so_that_a_stale_or_late_message_is_seen(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message(), moved(sequence=1), message()])
    (after_a_stale_one,) = calendar.appointments.values()
    calendar.receive_all([message(Method.CANCEL, sequence=2), message()])

    assert after_a_stale_one == read(message()).appointment
    assert len(calendar.appointments) == 1


def test_a_cancel_of_what_it_does_not_hold_does_nothing(calendar: EvolutionCalendar) -> None:
    calendar.receive_all([message(uid="a@example.net"), message(Method.CANCEL, uid="b@example.net", sequence=1)])

    assert calendar.appointments.keys() == {"a@example.net"}


def test_calendars_of_two_people_are_apart_and_are_empty_afterwards(evolution: Evolution) -> None:
    with evolution.calendar() as one, evolution.calendar() as other:
        one.receive_all([message()])
        other.receive_all([moved()])
        other.receive_all([message(Method.CANCEL, sequence=1)])

        assert len(one.appointments) == 1
        assert other.appointments == {}
    assert one.appointments == {}


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_it_reads_the_words_that_we_read(calendar: EvolutionCalendar, text: str) -> None:
    raw = message(summary=text, description=text, location=text, organizer_name=text, attendee_name=text)

    calendar.receive_all([raw])

    ours = read(raw).appointment
    # libical, which reads for Evolution, drops blanks at the ends of a value.
    assert calendar.appointments == {read(raw).uid: replace(ours, summary=ours.summary.strip(" "))}


def test_a_message_that_evolution_refuses_is_an_error(calendar: EvolutionCalendar) -> None:
    with pytest.raises(RefusedError):
        calendar.receive(without("UID", read(message())))

    assert calendar.appointments == {}


def test_an_unknown_order_is_an_error_that_names_the_known_ones(evolution: Evolution) -> None:
    with pytest.raises(RefusedError, match="op is receive, holds or clear, not guess"):
        evolution.ask("guess", prefix="")


@pytest.mark.usefixtures("evolution")
def test_if_evolution_dies_its_last_words_are_told_and_nothing_is_left_behind() -> None:
    with Evolution() as evolution:
        evolution.ask("holds", prefix="")
        os.killpg(evolution._process.pid, signal.SIGKILL)

        with pytest.raises(RuntimeError, match=r"has ended at 'holds'.*\n(.*\n)*.*Successfully activated"):
            evolution.ask("holds", prefix="")
    assert not evolution._folder.exists()


def test_the_judge_knows_nothing_of_tocsin() -> None:
    tree = ast.parse(Path(__file__).with_name("judge.py").read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert names == {"base64", "json", "signal", "sys", "typing", "gi", "gi.repository"}
