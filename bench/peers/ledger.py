"""The peer's own tables, on SQLite: what is to be sent, and whether it was."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SCHEMA = """
CREATE TABLE bookings (
    id INTEGER PRIMARY KEY, uid TEXT NOT NULL, code TEXT NOT NULL, client_name TEXT NOT NULL, client_email TEXT NOT NULL,
    client_zone TEXT NOT NULL, host_name TEXT NOT NULL, host_email TEXT NOT NULL, host_zone TEXT NOT NULL,
    meeting TEXT NOT NULL, description TEXT NOT NULL, join_url TEXT NOT NULL, link_url TEXT NOT NULL,
    starts_at TEXT NOT NULL, ends_at TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, booking_id INTEGER NOT NULL REFERENCES bookings, recipient TEXT NOT NULL, state TEXT NOT NULL,
    due_at TEXT NOT NULL, sent_at TEXT);
CREATE INDEX deliveries_due ON deliveries (state, due_at);
"""
_BOOKING = "INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELIVERY = "INSERT INTO deliveries (booking_id, recipient, state, due_at) VALUES (?, ?, 'due', ?)"
_WAIT = 30  # seconds for the other process that writes


def connect(path: Path) -> sqlite3.Connection:
    """Open the ledger. WAL with synchronous=NORMAL is what is advised; Tocsin flushes every commit, this does not."""
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.row_factory = sqlite3.Row
    return connection


def fill(path: Path, bookings: int, team: str) -> None:
    """Make a ledger with the first bookings."""
    connection = connect(path)
    connection.executescript(_SCHEMA)
    connection.close()
    add(path, first=1, bookings=bookings, team=team)


def add(path: Path, *, first: int, bookings: int, team: str) -> None:
    """Add bookings that have two deliveries each, all due."""
    now = datetime.now(UTC)
    connection = connect(path)
    connection.execute("BEGIN")
    for number in range(first, first + bookings):
        connection.execute(_BOOKING, _booking(number, now))
        recipients = (team, f"client{number:08}@example.net")
        connection.executemany(_DELIVERY, [(number, recipient, now.isoformat()) for recipient in recipients])
    connection.execute("COMMIT")
    connection.close()


def _booking(number: int, now: datetime) -> tuple[object, ...]:
    starts_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=40 + number % 30)
    return (
        number,
        f"{number:08}-0000-4000-8000-000000000000@peer.example",
        f"{number:07}",
        f"Client client{number:08}",
        f"client{number:08}@example.net",
        "America/New_York",
        "Oliver",
        "oliver@example.com",
        "Europe/Berlin",
        "Introduction call",
        "Half an hour to get to know each other, and to see what you need.",
        f"https://meet.example.com/{number:08}",
        "http://bench.example/intro",
        starts_at.isoformat(),
        (starts_at + timedelta(minutes=30)).isoformat(),
        now.isoformat(),
    )
