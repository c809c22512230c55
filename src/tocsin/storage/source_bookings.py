"""Table source_bookings: what is known of the bookings of sources."""

import json
from datetime import datetime
from typing import Any

from tocsin.domain.model import BookingId, BookingStatus, WorkspaceId
from tocsin.domain.sources.chain import MOST, External
from tocsin.domain.sources.news import Details, Ending, ExternalLink, Known, Person, Stamped
from tocsin.domain.sources.source import SourceId
from tocsin.storage.columns import Row, as_json, instant, maybe_instant, maybe_micros, micros
from tocsin.storage.database import Connection

_COLUMNS = "id, known, booking_id, waits_until, told_at"
_OPEN = [BookingStatus.AWAITING_APPROVAL.value, BookingStatus.CONFIRMED.value]
_OF_SOURCE = "WHERE workspace_id = :workspace_id AND source_id = :source_id"

Json = dict[str, Any]


class SqlSourceBookings:
    """The bookings of the sources of one workspace, as these count them."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, source_id: SourceId, external: External, *, is_waiting: bool) -> None:
        """Store what is known of a booking; `is_waiting`: a worker is to look at it when `waits_until` has come."""
        statement = """
            INSERT INTO source_bookings
                   (workspace_id, source_id, id, known, continues, booking_id, waits_until, is_waiting, told_at)
            VALUES (:workspace_id, :source_id, :id, :known, :continues, :booking_id, :waits_until, :is_waiting, :told_at)
            ON CONFLICT (workspace_id, source_id, id) DO UPDATE
               SET known = excluded.known, continues = excluded.continues, booking_id = excluded.booking_id,
                   waits_until = excluded.waits_until, is_waiting = excluded.is_waiting, told_at = excluded.told_at"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            source_id=source_id,
            id=external.id,
            known=as_json(_json(external.known)),
            continues=external.known.predecessor,
            booking_id=external.booking_id,
            waits_until=maybe_micros(external.waits_until),
            is_waiting=is_waiting,
            told_at=maybe_micros(external.told_at),
        )

    def get(self, source_id: SourceId, external_id: str) -> External | None:
        """Return what is known of a booking."""
        found = self._some(source_id, "id = :id", external_id)
        return found[0] if found else None

    def connected(self, source_id: SourceId, external_id: str) -> dict[str, External]:
        """Return a booking and those that are connected with it by taking each other's place, by id."""
        found: dict[str, External] = {}
        waiting = [external_id]
        while waiting and len(found) < MOST:
            which = waiting.pop()
            for one in self._some(source_id, "(id = :id OR continues = :id)", which):
                if one.id not in found:
                    found[one.id] = one
                    waiting += [one.id, one.known.predecessor] if one.known.predecessor else [one.id]
        return found

    def seats_of(self, source_id: SourceId, external_id: str) -> list[str]:
        """Return what the seats of a booking are called, each of which is known as a booking of its own."""
        statement = f"SELECT id FROM source_bookings {_OF_SOURCE} AND substr(id, 1, :length) = :beginning ORDER BY id"
        beginning = f"{external_id}/"
        values = {"workspace_id": self._workspace_id, "source_id": source_id, "length": len(beginning)}
        return [row["id"] for row in self._connection.rows(statement, beginning=beginning, **values)]

    def live(self, source_id: SourceId, *, since: datetime) -> list[str]:
        """Return those whose booking here begins after a moment and is not over."""
        statement = """
            SELECT e.id FROM source_bookings e JOIN bookings b ON b.workspace_id = e.workspace_id AND b.id = e.booking_id
             WHERE e.workspace_id = :workspace_id AND e.source_id = :source_id
               AND b.starts_at >= :since AND b.status {any_of}(:open)"""
        values = {"workspace_id": self._workspace_id, "source_id": source_id, "open": as_json(_OPEN)}
        return [row["id"] for row in self._connection.rows(statement, since=micros(since), **values)]

    def _some(self, source_id: SourceId, which: str, external_id: str) -> list[External]:
        statement = f"SELECT {_COLUMNS} FROM source_bookings {_OF_SOURCE} AND {which} ORDER BY id"
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, source_id=source_id, id=external_id)
        return [_external(row) for row in rows]


def without_words(kept: str) -> str:
    """Return what is kept of a booking, without what its client has written: answers, a place, the reason of its end."""
    known: Json = json.loads(kept)
    if known["details"] is not None:
        details = known["details"][1]
        details |= {"answers": [], "place": [details["place"][0], "", details["place"][2]]}
    if known["ending"] is not None:
        known["ending"][1]["reason"] = ""
    return as_json(known)


def _external(row: Row) -> External:
    return External(
        id=row["id"],
        known=_known(json.loads(row["known"])),
        booking_id=None if row["booking_id"] is None else BookingId(row["booking_id"]),
        waits_until=maybe_instant(row["waits_until"]),
        told_at=maybe_instant(row["told_at"]),
    )


def _json(known: Known) -> Json:
    details, ending = known.details, known.ending
    return {
        "details": None if details is None else [micros(details.at), _details_json(details.value)],
        "is_confirmed": known.is_confirmed,
        "ending": None if ending is None else [micros(ending.at), _ending_json(ending.value)],
        "no_shows": [[who, micros(mark.at), mark.value] for who, mark in known.no_shows],
        **{
            name: None if one is None else [micros(one.at), one.value]
            for name, one in (("outcome", known.outcome), ("uid", known.uid), ("continues", known.continues))
        },
    }


def _known(found: Json) -> Known:
    details, ending = found["details"], found["ending"]
    return Known(
        details=None if details is None else Stamped(at=instant(details[0]), value=_details(details[1])),
        is_confirmed=found["is_confirmed"],
        ending=None if ending is None else Stamped(at=instant(ending[0]), value=_ending(ending[1])),
        no_shows=tuple((who, Stamped(at=instant(at), value=value)) for who, at, value in found["no_shows"]),
        outcome=_stamped(found["outcome"]),
        uid=_stamped(found["uid"]),
        continues=_stamped(found["continues"]),
    )


def _stamped(found: list[Any] | None) -> Stamped[str] | None:
    return None if found is None else Stamped(at=instant(found[0]), value=found[1])


def _details_json(details: Details) -> Json:
    return {
        "starts_at": micros(details.starts_at),
        "ends_at": micros(details.ends_at),
        "link": [details.link.id, details.link.name, details.link.slug],
        "people": [[one.email, one.name, one.time_zone] for one in (details.client, *details.hosts)],
        "guests": details.guests,
        "place": [details.spot, details.place, details.join_url],
        "answers": details.answers,
    }


def _details(found: Json) -> Details:
    client, *hosts = (Person(email=email, name=name, time_zone=zone) for email, name, zone in found["people"])
    link_id, name, slug = found["link"]
    spot, place, join_url = found["place"]
    return Details(
        starts_at=instant(found["starts_at"]),
        ends_at=instant(found["ends_at"]),
        link=ExternalLink(id=link_id, name=name, slug=slug),
        client=client,
        hosts=tuple(hosts),
        guests=tuple(found["guests"]),
        spot=spot,
        place=place,
        join_url=join_url,
        answers=tuple((question, answer) for question, answer in found["answers"]),
    )


def _ending_json(ending: Ending) -> Json:
    return {"status": ending.status.value, "reason": ending.reason, "by": ending.by, "is_moved": ending.is_moved}


def _ending(found: Json) -> Ending:
    return Ending(**{**found, "status": BookingStatus(found["status"])})
