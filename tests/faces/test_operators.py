"""What an operator's programs read: metrics of all tenants that name none of them, and a readiness that tells the truth."""

import json
import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import httpx
import pytest
import yaml

from tests.faces.client import REFUSED, Client, connected
from tests.storage.shelf import until
from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.observation import listening, may_read
from tocsin.services.ports_telemetry import QueueState
from tocsin.settings import Settings
from tocsin.storage.store import SqlStore
from tocsin.telemetry.listener import listening as listening_at
from tocsin.telemetry.metrics import Metrics
from tocsin.telemetry.store import StoreCollector
from tocsin.workers.loop import STUCK, Crew

TREE = Path(__file__).parents[2]
TOKEN = "a-token-of-forty-octets-that-nobody-guesses"
CANARIES = ("acme", "ada@", "eve@", "example.org", "canary", "intro")
FAMILY = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
NAMED = re.compile(r"\btocsin_[a-z_]+")


def read(client: Client, **headers: str) -> httpx.Response:
    named = {"Host": "localhost", "X-Api-Key": ""} | headers
    return client.root.send("GET", "/metrics", headers=named)


def fresh(client: Client) -> str:
    client.app.telemetry._store._looked_at = None  # as if the seconds had gone by for which an answer is kept
    answer = read(client)
    assert answer.status_code == 200
    return answer.text


def work(client: Client) -> None:
    client.a_rule(client.a_link(), name="canary")
    client.book()
    client.drain()
    client.root.get("/canary/nowhere")


def test_what_happened_is_counted_and_nobody_is_named(client: Client) -> None:
    work(client)
    found = fresh(client)

    assert 'tocsin_deliveries_settled_total{kind="mail",state="sent"} 1.0' in found
    assert 'tocsin_attempts_total{kind="mail",result="accepted"} 1.0' in found
    assert 'tocsin_delivery_lateness_seconds_count{kind="mail"} 1.0' in found
    assert 'route="/api/external/v2/bookings",status="2xx"} 1.0' in found
    assert 'route="none"' in found or 'route="other"' in found
    assert "tocsin_store_up 1.0" in found
    assert not [word for word in CANARIES if word in found]


def test_a_refusal_is_counted_as_a_failure(sqlite_client: Client) -> None:
    sqlite_client.letterbox.outcome = REFUSED
    work(sqlite_client)

    found = fresh(sqlite_client)
    assert 'tocsin_deliveries_settled_total{kind="mail",state="failed"} 1.0' in found
    assert 'tocsin_delivery_lateness_seconds_count{kind="mail"} 0.0' in found


def test_what_waits_is_told_and_since_when(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link)
    client.book()
    client.clock.now += timedelta(minutes=7)
    found = fresh(client)

    assert 'tocsin_queue_due{kind="mail"} 1.0' in found
    assert "tocsin_queue_oldest_due_seconds 420.0" in found
    assert "tocsin_queue_scheduled 0.0" in found

    client.clock.now -= timedelta(minutes=8)
    found = fresh(client)
    assert 'tocsin_queue_due{kind="mail"} 0.0' in found
    assert "tocsin_queue_scheduled 1.0" in found

    client.clock.now += timedelta(minutes=8)
    client.app.store.queue.claim(worker="w", now=client.clock(), lease_ends=client.clock() + timedelta(1), limit=5)
    found = fresh(client)
    assert "tocsin_queue_leased 1.0" in found
    assert "tocsin_queue_scheduled 0.0" in found


def test_every_metric_is_documented_and_those_of_dashboard_and_alerts_exist(sqlite_client: Client) -> None:
    work(sqlite_client)
    found = fresh(sqlite_client)
    documented = set(re.findall(r"^\| `(tocsin_[a-z_]+)` \|", (TREE / "docs/monitoring.md").read_text(), re.MULTILINE))
    ours = {name for name, _ in FAMILY.findall(found) if name.startswith("tocsin_") and not name.endswith("_created")}
    samples = set(re.findall(r"^([a-z_]+)", found, re.MULTILINE))
    dashboard = (TREE / "deploy/grafana/tocsin.json").read_text()
    alerts = (TREE / "deploy/prometheus/alerts.yml").read_text()
    asked = [target["expr"] for panel in json.loads(dashboard)["panels"] for target in panel["targets"]]
    rules = yaml.safe_load(alerts)["groups"][0]["rules"]

    assert documented == ours
    assert all(rule["annotations"]["runbook"] for rule in rules)
    named = set(NAMED.findall(" ".join(asked + [rule["expr"] for rule in rules])))
    assert len(named) > 10
    assert named <= samples


def test_a_store_that_is_away_costs_the_other_metrics_nothing() -> None:
    def look() -> QueueState:
        raise UnavailableError("away")

    metrics = Metrics()
    metrics.look_by(look)
    found = metrics.text().decode()

    assert "tocsin_store_up 0.0" in found
    assert "tocsin_queue_due" not in found
    assert "process_cpu_seconds_total" in found


def test_the_store_is_not_asked_by_each_reading() -> None:
    asked: list[int] = []
    collector = StoreCollector()

    def look() -> QueueState:
        asked.append(1)
        return QueueState(due_mail=0, due_calls=0, scheduled=0, oldest_due_s=0.0, leased=0)

    collector.look = look
    list(collector.collect())
    list(collector.collect())
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("client", "headers", "may"),
    [
        ("127.0.0.1", {"host": "localhost:8000"}, True),
        ("::1", {"host": "[::1]:8000"}, True),
        ("192.0.2.1", {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "acme.bookings.example"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "192.0.2.1"}, False),
        ("192.0.2.1", {"host": "t.example", "authorization": f"Bearer {TOKEN}"}, True),
        ("192.0.2.1", {"host": "t.example", "authorization": "Bearer wrong"}, False),
        ("192.0.2.1", {"host": "t.example", "authorization": f"Basic {TOKEN}"}, False),
        ("", {}, False),
    ],
)
def test_this_machine_reads_and_who_has_the_token(client: str, headers: dict[str, str], *, may: bool) -> None:
    assert may_read(TOKEN, client, headers) is may
    if "authorization" in headers:
        assert not may_read("", client, headers)
        assert not may_read("", client, {"host": "t.example", "authorization": "Bearer "})


def test_others_are_refused_in_a_sentence(sqlite_client: Client) -> None:
    assert read(sqlite_client, Host=sqlite_client.host).status_code == 403


def test_with_a_token_others_are_told_to_bring_it(sqlite_store: SqlStore) -> None:
    with connected(sqlite_store, TOCSIN_METRICS_TOKEN=TOKEN) as client:
        refused = read(client, Host=client.host)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert "TOCSIN_METRICS_TOKEN" in refused.json()["error"]
        assert read(client, Host=client.host, Authorization=f"Bearer {TOKEN}").status_code == 200


def test_an_address_of_its_own_tells_the_same_to_the_same(sqlite_store: SqlStore) -> None:
    with (
        connected(sqlite_store, TOCSIN_METRICS_LISTEN="127.0.0.1:0", TOCSIN_METRICS_TOKEN=TOKEN) as client,
        listening(client.app) as port,
    ):
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"tocsin_store_up 1.0" in answer.read()
        for path, headers, status in (("/", {}, 404), ("/metrics", {"Host": "t.example"}, 403)):
            with pytest.raises(HTTPError) as refused:
                urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers))
            with closing(refused.value):
                assert refused.value.code == status
        taken = listening_at(Metrics(), ("127.0.0.1", port), admits=lambda *_: True)
        with pytest.raises(ConfigurationError, match="TOCSIN_METRICS_LISTEN"), taken:
            pass


def test_settings_that_cannot_be_are_told() -> None:
    for name, value in (("TOCSIN_METRICS_LISTEN", "nowhere"), ("TOCSIN_METRICS_TOKEN", "short")):
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_environment({name: value})


def test_a_database_of_another_version_is_not_ready(client: Client) -> None:
    assert client.app.store.misfit() is None
    with client.app.store._database.transaction() as connection:
        connection.run("INSERT INTO migrations VALUES (9999, '9999_x.since_9998.sql', '')")
    assert "newer version" in str(client.app.store.misfit())
    answer = client.line.call("GET", "/readyz", None, [("Host", client.host)])
    assert answer.status_code == 503
    assert "newer version" in answer.json()["error"]
    assert client.root.get("/healthz").status_code == 200

    with client.app.store._database.transaction() as connection:
        connection.run("DELETE FROM migrations")
    assert "tocsin migrate" in str(client.app.store.misfit())


def test_workers_that_ended_or_are_stuck_are_told(sqlite_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    app = sqlite_client.app
    crew = Crew(app.sender, app.mailer, app.bell, threads=1)
    crew.start()
    try:
        until(lambda: "tocsin_worker_last_round_timestamp_seconds 0.0" not in app.telemetry.text().decode())
        assert crew.trouble() is None
    finally:
        crew.stop()
    assert "has ended" in str(crew.trouble())
    monkeypatch.setattr(crew, "_threads", [])
    assert crew.trouble() is None
    crew._beat_at -= STUCK.total_seconds() + 1
    assert "10 minutes" in str(crew.trouble())
