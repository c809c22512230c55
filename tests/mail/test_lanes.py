"""Lanes: several connections to one relay side by side, and at most one message of each that nobody has written down."""

import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

import pytest

from tests.mail.certificates import Authority
from tests.mail.conftest import Connect
from tests.mail.envelopes import an_envelope
from tests.mail.wire import Server
from tests.smtp_server import OK, Received, Scripted, Sink, Wire
from tocsin.domain.delivery import Result
from tocsin.domain.letter import Envelope
from tocsin.mail.lanes import Lanes
from tocsin.mail.parcel import Parcel
from tocsin.mail.pool import Pool
from tocsin.mail.transport import parse
from tocsin.services.ports_relay import Supply

MANY = 20
Script = Callable[[Wire], None]


class Mixed(Sink):
    """A relay that plays a script on its first connection, or on all others, and behaves well on the rest."""

    def __init__(self, *, first: Script | None = None, others: Script | None = None) -> None:
        super().__init__()
        self._first, self._others = first, others

    def play(self, wire: Wire) -> None:
        script = self._first if wire.session == 1 else self._others
        (script or super().play)(wire)


def lanes(connect: Connect, server: Server, width: int = 4, **options: float) -> Lanes:
    return Lanes(Pool([connect(server, **options) for _ in range(width)]))


def supplied(envelopes: Iterable[Envelope], asked: list[int] | None = None) -> Supply:
    """Return a supply of envelopes that notes for how many it was asked."""
    waiting = list(envelopes)

    def supply(number: int) -> Sequence[Envelope]:
        if asked is not None:
            asked.append(number)
        given, waiting[:] = waiting[:number], waiting[number:]
        return given

    return supply


def to_many(number: int = MANY) -> list[Envelope]:
    return [an_envelope(f"person{place}@example.com") for place in range(number)]


def results(mailer: Lanes, envelopes: Iterable[Envelope]) -> dict[int, Result]:
    """Send all, and return how each ended, by its number."""
    return dict(ended(mailer, envelopes))


def ended(mailer: Lanes, envelopes: Iterable[Envelope]) -> Iterator[tuple[int, Result]]:
    """Yield how each ended, by its number; what could not be handed over is supplied again."""
    waiting, given = list(enumerate(envelopes)), []

    def supply(number: int) -> Sequence[Envelope]:
        rank, waiting[:] = waiting[:number], waiting[number:]
        given.extend(rank)
        return [envelope for _, envelope in rank]

    for group in mailer.send(supply):
        for number, outcome in group:
            if outcome is None:
                waiting.insert(0, given[number])
            else:
                yield given[number][0], outcome.result


def test_all_messages_arrive_once_over_as_many_connections_as_there_are_lanes(connect: Connect) -> None:
    arrived, all_are_open = count(), threading.Barrier(4)

    def answer(_received: Received) -> str:
        if next(arrived) < 4:
            all_are_open.wait(10)  # else three might have done it all before the fourth is open
        return OK

    with Sink() as sink:
        sink.on_data = answer
        found = results(lanes(connect, sink), to_many())

        assert found == dict.fromkeys(range(MANY), Result.ACCEPTED)
        assert sorted(one.recipient for one in sink.messages) == sorted(one.recipient for one in to_many())
        assert sink.connections == 4
        assert sink.violations == []


def test_connections_are_kept_from_one_batch_to_the_next(connect: Connect) -> None:
    with Sink() as sink:
        mailer = lanes(connect, sink, 2)

        for _ in range(3):
            assert results(mailer, to_many(5)) == dict.fromkeys(range(5), Result.ACCEPTED)

        assert sink.connections == 2


def test_a_few_messages_open_no_more_connections_than_they_need(connect: Connect) -> None:
    with Sink() as sink:
        assert results(lanes(connect, sink), to_many(1)) == {0: Result.ACCEPTED}

        assert sink.connections == 1


def test_each_outcome_is_that_of_its_own_message(connect: Connect) -> None:
    answers = {"person1@example.com": "550 5.1.1 nobody", "person2@example.com": "451 4.7.1 later"}
    with Sink() as sink:
        sink.on_rcpt = lambda recipient: answers.get(recipient, OK)

        found = results(lanes(connect, sink, 3), to_many(6))

    assert found == dict.fromkeys(range(6), Result.ACCEPTED) | {1: Result.PERMANENT, 2: Result.TEMPORARY}


def test_no_more_is_taken_from_the_supply_than_lanes_are_free_and_only_after_what_ended_was_yielded(
    connect: Connect,
) -> None:
    asked: list[int] = []
    with Sink() as sink:
        told = 0
        for group in lanes(connect, sink, 3).send(supplied(to_many(9), asked)):
            handed = min(9, sum(asked))
            assert handed - told <= 3
            told += len(group)

    assert told == 9
    assert max(asked) == 3


def test_what_was_taken_is_told_while_another_lane_still_waits(connect: Connect) -> None:
    told = threading.Event()

    def answer(received: Received) -> str:
        if received.recipient == "person0@example.com":
            assert told.wait(10)  # the answer comes only after the other one was told of
        return OK

    with Sink() as sink:
        sink.on_data = answer
        order = []
        for group in lanes(connect, sink, 2, final_s=20).send(supplied(to_many(2))):
            order += [number for number, _ in group]
            told.set()

    assert order == [1, 0]


def test_a_lane_that_gets_no_answer_does_not_hold_up_the_others(connect: Connect) -> None:
    def stalls_in_the_end(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.hold()

    with Mixed(first=stalls_in_the_end) as server:
        found = results(lanes(connect, server, 2, final_s=0.3), to_many())

    assert found == dict.fromkeys(range(MANY), Result.ACCEPTED) | {0: Result.UNKNOWN}


def test_an_answer_that_is_there_counts_though_its_time_is_over_when_it_is_read(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [connect(served := Sink()), connect(served)]
    told, late = threading.Event(), time.monotonic() + 1000
    on_their_way = threading.Barrier(2)
    found = []

    def answer(received: Received) -> str:
        on_their_way.wait(10)
        assert received.recipient == "person0@example.com" or told.wait(10)
        return OK

    with served as sink:
        sink.on_data = answer
        for group in Lanes(Pool(both)).send(supplied(to_many(2))):
            found += [outcome.result for _, outcome in group if outcome is not None]
            told.set()
            if len(found) == 1:
                assert select.select([both[1]], [], [], 10)[0] == [both[1]]
                monkeypatch.setattr("tocsin.mail.dialogue.time.monotonic", lambda: late)

    assert found == [Result.ACCEPTED] * 2


def full(wire: Wire) -> None:
    wire.send(b"421 4.7.0 too many connections\r\n")


def test_a_relay_that_takes_fewer_connections_gets_fewer_and_every_message(connect: Connect) -> None:
    with Mixed(others=full) as server:
        mailer = lanes(connect, server)

        assert results(mailer, to_many()) == dict.fromkeys(range(MANY), Result.ACCEPTED)
        asked_before = server.connections
        assert results(mailer, to_many()) == dict.fromkeys(range(MANY), Result.ACCEPTED)

        assert server.connections == asked_before  # it is not asked for more again and again


def test_a_relay_that_has_only_greeted_so_far_is_known_to_work(connect: Connect) -> None:
    is_refused = threading.Event()

    def refuse(wire: Wire) -> None:
        full(wire)
        try:
            wire.line()  # raises when the other side has read it and gone
        finally:
            is_refused.set()

    with Mixed(others=refuse) as server:
        server.on_mail = lambda _sender: OK if is_refused.wait(10) else "451 4.4.1 nobody was refused"

        found = results(lanes(connect, server, 2), to_many(4))

    assert found == dict.fromkeys(range(4), Result.ACCEPTED)


def test_a_relay_that_is_away_is_no_messages_fault(connect: Connect) -> None:
    with Sink() as sink:
        mailer = lanes(connect, sink, 2)
    found = results(mailer, to_many(2))

    assert found == dict.fromkeys(range(2), Result.TRANSPORT)


def test_a_relay_that_came_back_is_used_again_at_once(connect: Connect) -> None:
    with Sink() as sink:
        mailer = lanes(connect, sink, 2)
        port = sink.port
    assert set(results(mailer, to_many(2)).values()) == {Result.TRANSPORT}

    with Sink(port=port):
        assert results(mailer, to_many(4)) == dict.fromkeys(range(4), Result.ACCEPTED)


def test_an_unforeseen_error_costs_its_own_message_a_try_and_no_other(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Parcel.of

    def broken(envelope: Envelope) -> Parcel:
        if envelope.recipient == "person1@example.com":
            raise ZeroDivisionError("a bug")
        return whole(envelope)

    monkeypatch.setattr(Parcel, "of", broken)
    with Sink() as sink:
        found = results(lanes(connect, sink, 2), to_many(4))

    assert found == dict.fromkeys(range(4), Result.ACCEPTED) | {1: Result.TEMPORARY}


def test_encrypted_lanes_work_side_by_side(connect: Connect, authority: Authority) -> None:
    with Sink(tls=authority.server(), implicit_tls=True) as sink:
        relay = parse(f"smtps://127.0.0.1:{sink.port}?ca={authority.path}")
        mailer = Lanes(Pool([connect(relay) for _ in range(3)]))

        assert results(mailer, to_many()) == dict.fromkeys(range(MANY), Result.ACCEPTED)
        assert sink.connections == 3


def test_a_server_without_pipelining_is_asked_step_by_step(connect: Connect) -> None:
    with Sink(extensions=("8BITMIME",)) as sink:
        assert results(lanes(connect, sink, 3), to_many()) == dict.fromkeys(range(MANY), Result.ACCEPTED)
        assert sink.violations == []


def test_every_connection_is_ended_politely(connect: Connect) -> None:
    quits: list[bytes] = []
    on_their_way = threading.Barrier(2)

    def listens(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        on_their_way.wait(10)
        wire.send(b"250 2.0.0 ok\r\n")
        quits.append(wire.line())
        wire.send(b"221 2.0.0 bye\r\n")

    with Scripted(listens) as server:
        mailer = lanes(connect, server, 2)
        results(mailer, to_many(2))
        mailer.close()

    assert quits == [b"QUIT\r\n"] * 2


def test_a_recipient_whom_the_relay_thinks_about_holds_up_no_other_lane(connect: Connect) -> None:
    told = threading.Event()
    with Sink() as sink:
        sink.on_rcpt = lambda recipient: OK if recipient != "person0@example.com" or told.wait(10) else "451 never"
        order = []
        for number, result in ended(lanes(connect, sink, 2, command_s=20), to_many(2)):
            order.append((number, result))
            told.set()

    assert order == [(1, Result.ACCEPTED), (0, Result.ACCEPTED)]


def test_lanes_that_a_restarted_relay_let_go_of_are_used_again(connect: Connect) -> None:
    with Sink() as sink:
        mailer, port = lanes(connect, sink, 4), sink.port
        results(mailer, to_many())
    assert set(results(mailer, to_many(2)).values()) == {Result.TRANSPORT}

    with Sink(port=port) as sink:
        assert results(mailer, to_many()) == dict.fromkeys(range(MANY), Result.ACCEPTED)
        assert sink.connections > 1  # how many is up to how fast it answers


def test_a_message_for_which_there_was_no_connection_is_supplied_again(connect: Connect) -> None:
    with Mixed(others=full) as server:
        given_back = [
            number
            for group in lanes(connect, server, 2).send(supplied(to_many()))
            for number, outcome in group
            if outcome is None
        ]
        taken = len(server.messages)

    assert len(given_back) == 1
    assert taken == MANY - 1


def test_a_relay_that_is_slow_to_greet_one_more_connection_holds_up_no_message(connect: Connect) -> None:
    on_their_way = threading.Event()

    def slow(wire: Wire) -> None:
        on_their_way.wait(30)
        wire.greet()
        wire.hold()

    with Mixed(others=slow) as server:
        found = {}
        for number, result in ended(lanes(connect, server, 2, greeting_s=60), to_many(MANY)):
            found[number] = result
            if len(found) == MANY - 1:
                on_their_way.set()
                server.cut()

    assert list(found.values())[: MANY - 1] == [Result.ACCEPTED] * (MANY - 1)


def test_what_is_supplied_later_leaves_while_a_message_gets_no_answer(connect: Connect) -> None:
    told = threading.Event()
    with Sink() as sink:
        sink.on_rcpt = lambda recipient: OK if recipient != "person0@example.com" or told.wait(30) else "451 never"
        mailer = lanes(connect, sink, 2, command_s=60)
        later = iter([to_many(1), [], [], to_many(2)[1:]])
        order = []
        for group in mailer.send(lambda _wanted: next(later, [])):
            order += [number for number, _ in group]
            told.set()

    assert order == [1, 0]


@pytest.mark.parametrize(
    "stall",
    [
        pytest.param(lambda wire: (wire._receive(), wire.send(b"250 2.0")), id="half a reply"),
        pytest.param(lambda _wire: None, id="a body that is not read"),
    ],
)
def test_a_server_that_stops_in_the_middle_holds_up_no_other_lane(connect: Connect, stall: Script) -> None:
    on_their_way = threading.Event()

    def stops(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        stall(wire)
        on_their_way.wait(30)

    large = [an_envelope("first@example.com", message=b"x" * 20_000_000), *to_many(MANY)]
    with Mixed(first=stops) as server:
        order = []
        for number, result in ended(lanes(connect, server, 2, command_s=60, final_s=60), large):
            order.append((number, result))
            if len(order) == MANY:
                on_their_way.set()

    assert order == [*((number, Result.ACCEPTED) for number in range(1, MANY + 1)), (0, Result.TEMPORARY)]


def test_a_message_that_nobody_waits_for_any_more_leaves_its_connection_closed(connect: Connect) -> None:
    told = threading.Event()
    with Sink() as sink:
        sink.on_rcpt = lambda recipient: OK if recipient != "person0@example.com" or told.wait(30) else "451 never"
        mailer = lanes(connect, sink, 2, command_s=60)
        sending = mailer.send(supplied(to_many(2)))
        next(sending)
        del sending
        told.set()

        assert results(mailer, to_many(4)[2:]) == dict.fromkeys(range(2), Result.ACCEPTED)
        assert sink.violations == []


def test_a_connection_that_is_renewed_says_farewell_before_the_next_one_comes(connect: Connect) -> None:
    met: list[int] = []

    def carries_two(wire: Wire) -> None:
        wire.greet()
        for _ in range(2):
            wire.take_envelope()
            wire.body()
            wire.send(b"250 ok\r\n")
        wire.expect(b"QUIT")
        met.append(server.connections)
        wire.send(b"221 bye\r\n")

    with Scripted(carries_two) as server:
        found = results(lanes(connect, server, 1, per_connection=2), to_many(5))

    assert found == dict.fromkeys(range(5), Result.ACCEPTED)
    assert met == [1, 2]


def test_replies_that_drip_hold_up_nothing_that_is_supplied_later(connect: Connect) -> None:
    all_left = threading.Event()

    def drips(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        for _ in range(1000):
            wire.send(b"250-wait\r\n")
            if all_left.wait(0.01):
                break
        wire.send(b"250 ok\r\n")

    with Mixed(first=drips) as server:
        later = iter([to_many(1), [], [], to_many(2)[1:]])
        order = []
        for group in lanes(connect, server, 2, final_s=60).send(lambda _wanted: next(later, [])):
            order += [number for number, _ in group]
            if 1 in order:
                all_left.set()

    assert order == [1, 0]


def test_one_connection_is_opened_at_a_time(connect: Connect) -> None:
    met: list[int] = []

    class Slow(Sink):
        def play(self, wire: Wire) -> None:
            wire.closing.wait(0.05)  # in which others would come too
            met.append(self.connections)
            super().play(wire)

    with Slow() as server:
        assert results(lanes(connect, server, 4), to_many()) == dict.fromkeys(range(MANY), Result.ACCEPTED)

    assert met == [*range(1, len(met) + 1)]


def test_those_who_wait_hear_when_nothing_comes_for_a_while(connect: Connect) -> None:
    told = threading.Event()
    with Sink() as sink:
        sink.on_rcpt = lambda _recipient: OK if told.wait(30) else "451 never"
        heard = []
        for group in lanes(connect, sink, 1, command_s=60).send(supplied(to_many(1))):
            heard.append([outcome.result for _, outcome in group if outcome])
            told.set()

    assert heard == [[], [Result.ACCEPTED]]
