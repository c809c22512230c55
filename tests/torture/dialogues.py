"""SMTP servers that say whatever comes to their mind: every dialogue comes from a seed, and is written down as it was."""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.mail.envelopes import an_envelope
from tests.mail.wire import Server, Wire
from tocsin.domain.delivery import Outcome
from tocsin.domain.letter import Envelope
from tocsin.mail.lanes import Lanes
from tocsin.mail.pool import Pool
from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.transport import Relay, Tls

MESSAGES = 3
LANES = 2
_STALLED_S, _PATIENT_S = 0.05, 20.0
_MOST_TRIES = 40
_TAKEN = re.compile(rb"^2\d\d(?: [^\n]*)?\r*\n", re.MULTILINE)
_WELL = {"banner": b"220 relay.example", "ehlo": b"250 HELP", "data": b"354 go on", "quit": b"221 bye"}
_ODD = ("code", "lines", "octets", "twice", "long", "half", "bare", "drop", "late drop", "more")


@dataclass
class Said:
    """One connection: what the server had sent before and after the body of each message came, which it had read whole."""

    sent: bytes = b""
    bodies: list[tuple[bytes, int]] = field(default_factory=list)  # and how much had been sent by then


class Babbler(Server):
    """A server whose n-th connection says what the seed says."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self.said: list[Said] = []
        self._oddity = random.Random(f"{seed} oddity").choice([0.0, 0.05, 0.15, 0.4])
        self.stalls = random.Random(f"{seed} stalls").random() < 0.1

    def play(self, wire: Wire) -> None:
        """Talk until there is nothing more to say."""
        chance, said = random.Random(f"{self._seed} {wire.session}"), Said()
        self.said.append(said)
        stage = "banner"
        while True:
            reply, goes_on = self._reply(chance, stage)
            # What comes apart behind the word to go on cannot be told from an answer to the body.
            for piece in [reply] if stage == "data" else _split(chance, reply):
                said.sent += piece  # before it is sent: it may be read at once
                wire.send(piece)
            if not goes_on:
                return
            stage = self._hear(
                wire, said, is_body=stage == "data" and re.match(rb"3\d\d(?:[ -]|\r*\n)", reply) is not None
            )

    def _hear(self, wire: Wire, said: Said, *, is_body: bool) -> str:
        """Return what came: a command, or a whole body, unless the client thinks better of it."""
        heard = b""
        while True:
            line = wire.line()
            verb = line[:4].upper()
            if not is_body or (not heard and verb in {b"RSET", b"QUIT"}):
                return verb.decode("ascii", "replace").lower()
            if line == b".\r\n":
                said.bodies.append((heard, len(said.sent)))
                return "body"
            heard += line

    def _reply(self, chance: random.Random, stage: str) -> tuple[bytes, bool]:
        """Return what is said at a stage, and whether the connection goes on."""
        well = _WELL.get(stage, b"250 ok") + b"\r\n"
        if stage == "ehlo":
            offers = [b"PIPELINING", b"8BITMIME", b"SIZE 1000000", b"SMTPUTF8"]
            well = b"".join(b"250-%s\r\n" % one for one in offers[: chance.randint(0, 4)]) + well
        if chance.random() >= self._oddity:
            return well, stage != "quit"
        kind = chance.choice(_ODD)
        reply = self._odd(chance, well, kind)
        # Who gets no whole line waits for it, and is kept waiting in some dialogues only.
        return reply, kind != "drop" and (self.stalls or reply.endswith(b"\n"))

    def _odd(self, chance: random.Random, well: bytes, kind: str) -> bytes:
        code = b"%03d" % chance.choice([chance.randint(0, 999), 250, 354, 421, 451, 550])
        end = chance.choice([b"\n", b"\r\n"])
        odd: dict[str, bytes] = {
            "code": code + b" 4.7.1 what" + end,
            "lines": code + b"-one" + end + chance.choice([code, b"250"]) + b"-two" + end + code + b" end" + end,
            "octets": chance.randbytes(chance.randint(1, 60)) + chance.choice([b"", end]),
            "twice": well + well,
            "long": code + b" " + b"x" * chance.choice([600, 9_000, 70_000]) + end,
            "half": well[: chance.randint(0, len(well) - 1)],
            "bare": code + end,
            "drop": b"",
            "late drop": well[:-2],
            "more": well + code + b" and more" + end,
        }
        return odd[kind]


def _split(chance: random.Random, reply: bytes) -> Iterator[bytes]:
    if len(reply) > 1000 or chance.random() < 0.7:
        yield reply
        return
    while reply:
        number = chance.randint(1, len(reply))
        yield reply[:number]
        reply = reply[number:]


@dataclass(frozen=True, slots=True)
class Held:
    """What came of a dialogue: each message with its outcome, and what was wrong about it."""

    outcomes: list[Outcome]
    wrong: list[str]


def hold(seed: int) -> Held:
    """Hand some messages to a server of this seed."""
    messages = [b"Subject: %d\r\n\r\nmessage %d of seed %d\r\n" % (number, number, seed) for number in range(MESSAGES)]
    outcomes: dict[int, Outcome] = {}
    with Babbler(seed) as server:
        wait = _STALLED_S if server.stalls else _PATIENT_S
        relay = Relay(host="127.0.0.1", port=server.port, tls=Tls.NONE)
        waits = {"greeting_s": wait, "command_s": wait, "final_s": wait}
        lanes = Lanes(Pool([SmtpMailer(relay, client_name="tocsin.example", **waits) for _ in range(LANES)]))
        trouble = _in_time(lambda: _hand_over(lanes, messages, outcomes))
        lanes.close()
        server.cut()
        wrong = [trouble] if trouble else []
        for number, outcome in sorted(outcomes.items()):
            wrong += [
                f"seed {seed}, message {number}: {text}" for text in _complaints(messages[number], outcome, server)
            ]
    return Held(outcomes=[outcome for _, outcome in sorted(outcomes.items())], wrong=wrong)


def _hand_over(lanes: Lanes, messages: list[bytes], outcomes: dict[int, Outcome]) -> None:
    """Hand over all of them, once more what no connection was there for; tell how each ended."""
    waiting, handed, tries = list(enumerate(messages)), [], 0

    def supply(wanted: int) -> list[Envelope]:
        taken = [waiting.pop(0) for _ in range(min(wanted, len(waiting)))]
        handed.extend(taken)
        return [an_envelope(message=message) for _, message in taken]

    for ended in lanes.send(supply):
        for place, outcome in ended:
            number, message = handed[place]
            tries += outcome is None
            if outcome is not None:
                outcomes[number] = outcome
            elif tries < _MOST_TRIES:
                waiting.append((number, message))


def _in_time(work: Callable[[], None]) -> str:
    """Do something; return what was wrong with it: that it raised, or never ended."""
    raised: list[str] = []

    def watched() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  that is what is looked for
            raised.append(f"raised {type(error).__name__}: {error}")

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    thread.join(630)
    return "it hangs" if thread.is_alive() else "".join(raised)


def _complaints(message: bytes, outcome: Outcome, server: Babbler) -> Iterator[str]:
    said, code = outcome.reply, outcome.code
    if len(said.encode()) > 512 or not said.isprintable():
        yield f"its reply is not fit to be kept: {said[:80]!r}"
    if (
        code is not None
        and {"accepted": 2, "temporary": 4, "permanent": 5}.get(outcome.result, code // 100) != code // 100
    ):
        yield f"{outcome.result} with {code}"
    if outcome.result == "accepted" and not _was_taken(message, server):
        yield "nobody said that it was taken, and it counts as sent"


def _was_taken(message: bytes, server: Babbler) -> bool:
    """Tell whether the server had read all of a message, and then said a whole reply that takes it."""
    for _ in range(100):
        for said in list(server.said):
            if any(body == message and _TAKEN.search(said.sent[before:]) for body, before in list(said.bodies)):
                return True
        time.sleep(0.001)  # what was sent early is read before the body is
    return False
