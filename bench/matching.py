"""d. Matching: what an event costs with few rules in the store and with a million."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from bench.children import FailedError
from bench.databases import Database
from bench.figures import Claim, Result, Runs, Series, interleaved, ratios
from bench.program import SUBDOMAIN
from bench.rig import Rig
from bench.rows import Copies, numbered, statement
from bench.seed import SLUG, Seed, sow
from bench.services import book, match, opened
from tocsin.bootstrap import App
from tocsin.domain.model import WorkspaceId

_WARM_UP = 200  # events before it counts, so that the database has what every event needs at hand
_TURN = 20  # events of one size before it is the turn of the next
TITLE = "Matching: an event costs the same with 100 rules in the store as with a million"
LIMIT = 1.2
STORES = ("SQLite", "PostgreSQL")
SMALL = 1_000  # rules of one of the small workspaces, among which half of all are spread; the other half is in one workspace
_EVENT, _LOOK, _RATIO = (
    "events a second",
    "looks for the rules of an event, a second",
    "cost of an event, by that with 100 rules",
)
_OF_LINK = {"scheduling_links": "id", "link_hosts": "link_id", "rule_links": "link_id"}
_OF_RULE = {"automation_rules": "id", "rule_revisions": "rule_id"}
_OF_WORKSPACE = ("workspaces", "members")


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    sizes = (100, rig.size(10_000, 1_000), rig.size(1_000_000, 10_000))
    events = rig.size(400, 100)
    found: Runs = {}
    # One store after the other: what is compared are the sizes, and a million rules want the memory for themselves.
    for store in STORES:
        seed = sow(rig, store)
        measured = [_Measured(seed, _with_rules(seed, rules), rules) for rules in sizes]
        found |= interleaved(rig.runs, {store: partial(_in_turn, measured, events)})
        for one in measured:
            one.database.drop()
    return _result(found, sizes)


def _in_turn(measured: "list[_Measured]", events: int) -> dict[str, float]:
    """Return the rates of events and of looks for each size, a few of one size after a few of another.

    They differ so little that a moment in which the machine is slow must not hit one size alone.
    """
    rates: dict[str, float] = {}
    with ExitStack() as ending:
        apps = [ending.enter_context(opened(one.database)) for one in measured]
        for one, app in zip(measured, apps, strict=True):
            one.seconds(partial(one.book, app), _WARM_UP)
        for word in ("book", "look"):
            spent = dict.fromkeys(measured, 0.0)
            for _ in range(events // _TURN):
                for one, app in zip(measured, apps, strict=True):
                    spent[one] += one.seconds(partial(getattr(one, word), app), _TURN)
            rates |= {_measure(word, one.rules): events / seconds for one, seconds in spent.items()}
    return rates


class _Measured:
    """A store with a number of rules. Each event is on another link, in another part of the store."""

    def __init__(self, seed: Seed, database: Database, rules: int) -> None:
        self._seed = seed
        self.database = database
        self.rules = rules
        self._booked = 0

    def seconds(self, act: Callable[[int, WorkspaceId], None], times: int) -> float:
        """Return how long `act` takes, so many times."""
        begun = time.perf_counter()
        for _ in range(times):
            self._booked += 1
            act(self._booked, self._workspace(self._place(self._booked)))
        return time.perf_counter() - begun

    def book(self, app: App, number: int, at: WorkspaceId) -> None:
        """Let an event happen on the link of its number."""
        book(app, at, number, slug=_slug(self._place(number)))

    def look(self, app: App, number: int, at: WorkspaceId) -> None:
        """Look for the rules of the link of a number."""
        found = match(app, at, self._link(number))
        if found != 1:
            raise FailedError(f"{found} rules watch a link that has one")

    def _place(self, number: int) -> int:
        """Return which rule event `number` matches: a walk that visits all parts of the store, near and far in turn."""
        return number * 7_919 % self.rules + 1

    def _workspace(self, place: int) -> WorkspaceId:
        own = _small(place)
        return WorkspaceId(f"{self._seed.workspace_id[:-8]}{own:08}" if own else self._seed.workspace_id)

    def _link(self, number: int) -> str:
        return f"{self._seed.link_id[:-8]}{self._place(number):08}"


def _with_rules(seed: Seed, rules: int) -> Database:
    """Return a store with so many rules, each on a link of its own: half in one workspace, half in many small ones."""
    database = seed.database.copy()
    small = f"(1 + n / {2 * SMALL})"
    workspace = f"CASE WHEN n % 2 = 0 THEN '{seed.workspace_id}' ELSE {numbered(seed.workspace_id, small)} END"
    swaps = {seed.workspace_id: workspace, seed.link_id: numbered(seed.link_id), seed.rule_id: numbered(seed.rule_id)}
    (sid,) = database.rows("SELECT sid FROM scheduling_links")[0]
    of_link = {"sid": numbered(sid), "slug": f"'{SLUG}-' || {numbered('00000000')}"}
    statements = [
        statement(
            database, Copies(table=table, where="1 = 1", first=1, last=1 + rules // (2 * SMALL), swaps=_named(seed))
        )
        for table in _OF_WORKSPACE
    ]
    for table in (*_OF_LINK, *_OF_RULE):
        sets = of_link if table == "scheduling_links" else {}
        statements.append(
            statement(database, Copies(table=table, where="1 = 1", first=1, last=rules, swaps=swaps, sets=sets))
        )
    statements += [f"DELETE FROM {table} WHERE {column} = '{seed.link_id}'" for table, column in _OF_LINK.items()]
    statements += [f"DELETE FROM {table} WHERE {column} = '{seed.rule_id}'" for table, column in _OF_RULE.items()]
    database.write(statements)
    return database


def _named(seed: Seed) -> dict[str, str]:
    return {seed.workspace_id: numbered(seed.workspace_id), SUBDOMAIN: f"'many-' || {numbered('00000000')}"}


def _small(place: int) -> int:
    """Return which small workspace a rule is in, from 1 on; 0 is the large one."""
    return 1 + place // (2 * SMALL) if place % 2 else 0


def _slug(place: int) -> str:
    return f"{SLUG}-{place:08}"


def _result(found: Runs, sizes: tuple[int, ...]) -> Result:
    series = [
        Series(
            panel=f"{panel}, {store}",
            name=f"{rules:,} rules",
            unit="1/s",
            values=tuple(found[store][_measure(word, rules)]),
        )
        for word, panel in (("book", _EVENT), ("look", _LOOK))
        for store in STORES
        for rules in sizes
    ]
    costs = [
        Series(
            panel=_RATIO,
            name=f"{rules:,} rules, {store}",
            unit="ratio",
            values=ratios(found[store][_measure("book", sizes[0])], found[store][_measure("book", rules)]),
        )
        for store in STORES
        for rules in sizes[1:]
    ]
    claims = tuple(
        Claim(text=f"cost of an event with {one.name}", value=one.median, limit=LIMIT, at_most=True, panel=_RATIO)
        for one in costs
        if one.name.startswith(f"{sizes[-1]:,} ")
    )
    return Result(
        letter="d",
        title=TITLE,
        series=(*series, *costs),
        claims=claims,
        notes=(
            "an event is a new booking, made by the use case in this process in a transaction of its own; it matches one rule",
            f"half of the rules are in one workspace, half spread over workspaces of {SMALL:,}; each event is on another link",
            f"within each run the sizes take turns, {_TURN} events of one after {_TURN} of another",
            "a look is the query for the rules of a link alone, without the booking and its deliveries",
        ),
    )


def _measure(word: str, rules: int) -> str:
    return f"{word} at {rules:,}"
