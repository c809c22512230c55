"""h. Pages: how long the server takes for each, and what a browser loads, in a workspace with 100,000 deliveries."""

import http.client
import json
import time
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

from bench.browser import Browser, Seen
from bench.children import FailedError
from bench.crawl import one_of_each
from bench.databases import Database
from bench.figures import Claim, Result, Runs, Series, interleaved
from bench.program import SUBDOMAIN, Api, Tocsin, administer
from bench.rig import Rig
from bench.seed import Crop, grow, sow
from tocsin.web.views import PAGES

TITLE = "Pages of a workspace"
NUMBER = 100_000  # deliveries
SLOWEST = 300.0  # milliseconds
LARGEST = 200.0  # kB
STORES = ("SQLite", "PostgreSQL")
_TIME, _SIZE = "milliseconds for a page", "kB of a page at first load"
_EMAIL, _PASSWORD = "bench@example.com", "correct horse battery"
_NOBODY = 9  # a port on which nobody listens: nothing is to be sent
_DAY = 86_400_000_000  # microseconds
_TIMES = 3  # that each page is asked for within a run; the median counts


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    number = rig.size(NUMBER, 2_000)
    contenders = {store: _Measured(rig, *_filled(rig, store, number)) for store in STORES}
    try:
        found = interleaved(rig.runs, {store: one.run for store, one in contenders.items()})
        sizes = contenders[STORES[0]].sizes()
    finally:
        for one in contenders.values():
            one.close()
    return _result(found, sizes, number)


class _Measured:
    """A server on one store, with somebody signed in."""

    def __init__(self, rig: Rig, database: Database, key: str) -> None:
        secret = rig.folder / "password"
        secret.write_text(f"{_PASSWORD}\n", "utf-8")
        administer(database, "account", "create", SUBDOMAIN, _EMAIL, "--password-file", str(secret))
        self._program = Tocsin(rig, database, _NOBODY)
        _work(Api(self._program.port, key), self._program.port)
        self._browser = Browser(self._program.port)
        self._browser.sign_in(_EMAIL, _PASSWORD)
        patterns = [page.path for page in PAGES if page.method == "GET" and page.template and page.role]
        reached = [pattern for pattern in patterns if not pattern.startswith(("/mailbox", "/rules/dry-runs/"))]
        self._addresses = one_of_each(self._browser.links_of, reached, "/overview")

    def run(self) -> dict[str, float]:
        """Return the milliseconds of each page, by its pattern."""
        return {
            pattern: 1000 * sorted(self._page(address).seconds for _ in range(_TIMES))[_TIMES // 2]
            for pattern, address in self._addresses.items()
        }

    def sizes(self) -> dict[str, float]:
        """Return the kB that a browser loads for each page when it has nothing yet, by the page's pattern."""
        return {pattern: self._loaded(address) / 1000 for pattern, address in self._addresses.items()}

    def close(self) -> None:
        """End the server."""
        self._program.close()

    def _page(self, address: str) -> Seen:
        seen = self._browser.get(address)
        if seen.status != 200:
            raise FailedError(f"{address} answers {seen.status}")
        return seen

    def _loaded(self, address: str) -> int:
        page = self._page(address)
        return page.octets + sum(self._page(part).octets for part in page.parts)


def _work(api: Api, port: int) -> None:
    """Do what some pages are only there after: change a rule, and have a source that called."""
    rule = api.call("GET", "/automation-rules")["workflows"][0]
    api.call("PATCH", f"/automation-rules/{rule['id']}", {"name": f"{rule['name']} again"})
    made = api.call("POST", "/sources", {"source": "generic"})["source"]
    body, now = json.dumps({"type": "something else"}), datetime.now(UTC)
    signature = Webhook(made["secret"]).sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", urlsplit(made["url"]).path, body, {"Host": api.headers["Host"], **headers})
        answer = connection.getresponse()
    finally:
        connection.close()
    if answer.status >= 300:
        raise FailedError(f"a source's call was answered with {answer.status}")


def _filled(rig: Rig, store: str, number: int) -> tuple[Database, str]:
    """Return a store and a key: in its one workspace a month lies behind and a month ahead, with so many deliveries."""
    seed = sow(rig, store)
    moved = f"(n % 60) * {_DAY} - {70 * _DAY}"
    database = grow(seed, Crop(bookings=number // 2, written=True, moved=moved))
    now = round(time.time() * 1e6)
    nth = "CAST(substr(id, length(id) - 7) AS BIGINT)"
    database.write(
        [
            f"""UPDATE deliveries SET state = CASE WHEN {nth} % 100 < 80 THEN 'sent' WHEN {nth} % 100 < 83 THEN 'failed'
                 WHEN {nth} % 100 < 85 THEN 'expired' ELSE 'scheduled' END""",
            f"""UPDATE deliveries SET created_at = {now} - {nth} % 43210 * 60000000, settled_at = CASE WHEN state <> 'scheduled'
                 THEN {now} - {nth} % 40000 * 60000000 END,
                 next_at = {now} + ({nth} % 40000 + 60) * 60000000,
                 due_at = {now} + ({nth} % 40000 + 60) * 60000000""",
        ]
    )
    return database, seed.key


def _result(found: Runs, sizes: dict[str, float], number: int) -> Result:
    times = [
        Series(panel=f"{_TIME}, {store}", name=pattern, unit="ms", values=tuple(values))
        for store in STORES
        for pattern, values in found[store].items()
    ]
    loads = [Series(panel=_SIZE, name=pattern, unit="kB", values=(size,)) for pattern, size in sizes.items()]
    slowest = max(times, key=lambda one: one.median)
    largest = max(loads, key=lambda one: one.median)
    at_most = partial(Claim, at_most=True)
    return Result(
        letter="h",
        title=f"{TITLE} with {number:,} deliveries",
        series=(*times, *loads),
        claims=(
            at_most(text=f"the slowest, {slowest.name}, in ms", value=slowest.median, limit=SLOWEST),
            at_most(text=f"the largest, {largest.name}, in kB", value=largest.median, limit=LARGEST),
        ),
        notes=(
            "every page that links lead to; a new connection for each, from the question until the last octet",
            "at first load: the page, its style sheet and its scripts, compressed where the server compresses",
        ),
    )
