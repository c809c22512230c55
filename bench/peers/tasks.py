"""The peer's worker: `celery --app bench.peers.tasks worker`. One task is one delivery.

Tuned as its manual advises for many short tasks: kept connections to relay and database in each process, no results,
acknowledged when done, a prefetch that keeps the processes busy, one process for each core.
"""

import os
import smtplib
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from bench.peers.invite import message_for
from bench.peers.ledger import connect

_READ = """
    SELECT d.id AS delivery_id, d.recipient, d.state, b.* FROM deliveries d JOIN bookings b ON b.id = d.booking_id
     WHERE d.id = ?"""
_SENT = "UPDATE deliveries SET state = 'sent', sent_at = ? WHERE id = ?"
_RETRIES = 5

app = Celery("peer", broker=os.environ.get("PEER_BROKER", "redis://127.0.0.1:6379/0"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=64,
    worker_concurrency=len(os.sched_getaffinity(0)),
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
)
_kept = threading.local()


def open_connections(**_: Any) -> None:
    """Open what a process keeps; called in each when it starts."""
    _kept.database = connect(Path(os.environ["PEER_DATABASE"]))
    _kept.relay = None


def send_invite(task: Any, delivery_id: int) -> None:
    """Send one delivery and mark it sent. A task that comes twice sends once, unless the process died in between."""
    database: sqlite3.Connection = _kept.database
    row = database.execute(_READ, (delivery_id,)).fetchone()
    if row is None or row["state"] == "sent":
        return
    try:
        _relay().send_message(message_for(row))
    except (OSError, smtplib.SMTPException) as error:
        _kept.relay = None
        raise task.retry(exc=error, countdown=2**task.request.retries, max_retries=_RETRIES) from error
    database.execute(_SENT, (datetime.now(UTC).isoformat(), delivery_id))


def _relay() -> smtplib.SMTP:
    if _kept.relay is None:
        _kept.relay = smtplib.SMTP("127.0.0.1", int(os.environ["PEER_RELAY_PORT"]), timeout=30)
    relay: smtplib.SMTP = _kept.relay
    return relay


worker_process_init.connect(open_connections)
send_invite_task = app.task(send_invite, bind=True, name="send_invite")
