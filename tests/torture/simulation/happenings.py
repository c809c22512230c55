"""What befalls a simulated world as a whole: weather, clocks that are set, and a crowd that somebody else must not wait for."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine
    from tests.torture.simulation.lives import Life


def weather(engine: "Engine") -> None:
    """Let the relay, the store or the machines do well or badly for a while."""
    chance, storms, now = engine.chance, engine.storms, engine.clocks.elapsed
    lasts = timedelta(seconds=chance.choice([5, 60, 300, 1200]))
    kind = chance.choice(["fine", "moody", "slow", "away", "store", "store away", "deaths"])
    engine.note("weather", kind, lasts)
    storms.deaths, storms.failures = 0.0005, 0.0
    if kind == "store":
        storms.failures = 0.03
    elif kind == "store away":
        storms.away_until = now + lasts
    elif kind == "deaths":
        storms.deaths = 0.03
    else:
        engine.relay.mood, engine.relay.until = kind, now + lasts * (3 if kind == "away" else 1)


def set_clock(engine: "Engine") -> None:
    """Set the clock on the wall right, ahead or back."""
    hours = engine.chance.choice([0, 0, 2, -3])
    engine.note("clock", hours)
    engine.clocks.set_off(timedelta(hours=hours))


def crowd(engine: "Engine") -> None:
    """Let one workspace have a crowd of messages, and see that the other does not wait behind it."""
    noisy, quiet = engine.lives
    free = [process for process in engine.processes if process.is_free and not process.crew._gate.is_shut]
    if not free:
        return
    with engine.storms.none():
        before = noisy.crowd()
        process = engine.chance.choice(free)
        process.crew._pace.limit = 8
        process.round()
        number, tried = len(quiet.bookings), _tries(engine, engine.lives[1])
        quiet.book(hours=30)
        for _ in range(3):
            engine.pass_time(timedelta(seconds=1.1), works=False)
            process.round()
        if _tries(engine, engine.lives[1]) == tried and len(quiet.bookings) > number:
            engine.watch.wrong.append("starved: nothing of the quiet workspace was taken")
        noisy.disperse(before)


def _tries(engine: "Engine", life: "Life") -> object:
    statement = "SELECT sum(attempts) FROM deliveries WHERE workspace_id = ?"
    ((tries,),) = engine.database.rows(statement, life.world.workspace_id)
    return tries
