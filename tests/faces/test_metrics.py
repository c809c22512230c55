"""What is counted beside deliveries by workers: planning, what ends without a worker, sources, connections; who may connect."""

import re
import socket
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import yaml

from tests.faces.client import Client, Json, connected, rule_body
from tests.sources.senders import connected_to, first
from tests.storage.shelf import until
from tocsin.domain.retry import MOST_CRASHES
from tocsin.observation import listening
from tocsin.services.ports_sources import Fetched
from tocsin.services.ports_telemetry import Changes, Silence
from tocsin.storage.store import SqlStore
from tocsin.telemetry.listener import MOST
from tocsin.workers.loop import Crew

ALERTS = Path(__file__).parents[2] / "deploy/prometheus/alerts.yml"


def value(client: Client, name: str, **labels: str) -> float:
    """Return a sample, as it is told now."""
    named = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    wanted = f"{name}{{{named}}} " if labels else f"{name} "
    (found,) = [one for one in client.app.telemetry.text().decode().splitlines() if one.startswith(wanted)]
    return float(found.removeprefix(wanted))


def counts(client: Client) -> Json:
    return {
        "events": value(client, "tocsin_events_total", event="booking_confirmed"),
        "planned": value(client, "tocsin_deliveries_planned_total", kind="mail"),
        "cancelled": value(client, "tocsin_deliveries_withdrawn_total", state="cancelled"),
        "plannings": value(client, "tocsin_planning_seconds_count"),
    }


def test_events_are_counted_with_what_they_plan_and_how_long_it_takes(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book()

    assert counts(client) == {"events": 1, "planned": 1, "cancelled": 0, "plannings": 1}
    assert value(client, "tocsin_planning_seconds_sum") > 0


def test_what_is_only_tried_counts_for_nothing(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link)
    booking = client.book()
    before = counts(client)

    body = rule_body(link["id"]) | {"booking_id": booking["id"]}
    assert client.v2.post("/automation-rules/preview", body).status_code == 200
    assert counts(client) == before


def test_what_a_cancelled_booking_ends_is_counted_without_a_worker(client: Client) -> None:
    client.a_rule(client.a_link())
    booking = client.book()
    assert client.v1.post(f"/bookings/{booking['sid']}/cancel").status_code == 200

    assert counts(client)["cancelled"] == 1
    assert value(client, "tocsin_deliveries_settled_total", kind="mail", state="cancelled") == 0


def test_what_a_claim_gives_up_is_counted_as_failed(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book()
    lease = timedelta(minutes=1)
    for _ in range(MOST_CRASHES + 1):
        client.app.store.queue.claim(worker="w", now=client.clock(), lease_ends=client.clock() + lease, limit=9)
        client.clock.now += 2 * lease

    assert value(client, "tocsin_deliveries_settled_total", kind="mail", state="failed") == 1


def test_calls_of_sources_are_counted_by_what_became_of_them(sqlite_client: Client) -> None:
    other = connected_to(sqlite_client, "generic")
    other.tells(first("generic"))
    other.tells(first("generic"))
    other.call(first("generic"), headers={})

    for outcome in ("applied", "forged"):
        assert value(sqlite_client, "tocsin_source_calls_total", source="generic", outcome=outcome) >= 1
    assert value(sqlite_client, "tocsin_source_calls_total", source="cal_com", outcome="applied") == 0


def test_what_another_product_is_asked_about_is_counted_when_it_answers_and_when_not(sqlite_client: Client) -> None:
    other = connected_to(sqlite_client, "acuity")
    other.answers = {url: Fetched(status=500) for url in other.answers}
    other.tells(first("acuity"))
    away = value(sqlite_client, "tocsin_source_calls_total", source="acuity", outcome="away")
    other.has()
    sqlite_client.clock.now += timedelta(hours=1)
    other.tend()

    assert away == 1
    assert value(sqlite_client, "tocsin_source_calls_total", source="acuity", outcome="applied") == 1


def test_connections_are_told_while_they_work(client: Client) -> None:
    app = client.app
    is_sqlite = app.store._database.dialect.name == "sqlite"
    idle = value(client, "tocsin_database_connections_in_use")
    with app.store.transaction(app.office.workspace({"subdomain": "acme"}).id):
        busy = app.store.pool()

    assert idle == 0
    assert (busy.in_use, busy.most, busy.waiting) == (1, 1 if is_sqlite else 16, 0)
    assert value(client, "tocsin_database_connections_most") == busy.most
    assert value(client, "tocsin_database_waiting") == 0


def test_nobody_can_fill_the_process_by_the_address_of_the_metrics(sqlite_store: SqlStore) -> None:
    with (
        connected(sqlite_store, TOCSIN_METRICS_LISTEN="127.0.0.1:0") as client,
        listening(client.app) as port,
        ExitStack() as silent,
    ):
        for _ in range(MOST):
            silent.enter_context(socket.create_connection(("127.0.0.1", port)))
        with socket.create_connection(("127.0.0.1", port)) as one_more:
            assert one_more.recv(1) == b""  # closed unheard
        silent.close()

        until(lambda: _answers(port))


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return b"tocsin_store_up 1.0" in answer.read()
    except OSError:
        return False


def test_the_alert_of_a_missing_worker_is_silent_while_one_looks_for_work(sqlite_client: Client) -> None:
    rules = {one["alert"]: one["expr"] for one in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]}
    parts = re.fullmatch(r"max\((\w+)\) < time\(\) - (\d+)", rules["TocsinNoWorker"])
    assert parts is not None
    app, now = sqlite_client.app, value(sqlite_client, "process_start_time_seconds")

    def fires() -> bool:
        return value(sqlite_client, parts[1]) < now - float(parts[2])

    assert fires()
    crew = Crew(app.sender, app.mailer, app.bell, threads=1)
    crew.start()
    try:
        until(lambda: not fires())
    finally:
        crew.stop()


def test_silence_hears_everything_and_says_nothing() -> None:
    silence = Silence()

    silence.changed(Changes(), seconds=1.0)
    silence.claimed([], seconds=1.0)
    silence.source_call("generic", "applied")
