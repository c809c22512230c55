"""What a call says of a booking, as pairs of a label and words."""

from collections.abc import Callable, Iterator
from datetime import datetime

from tocsin.domain.sources.news import EVERYBODY, Details, News, Person

Full = Callable[[datetime], str]  # writes a moment out


def facts(news: News, full: Full) -> list[tuple[str, str]]:
    """Return all that a call says of a booking; what it does not speak of is left out."""
    found = [("Booking there", news.booking), ("As of", full(news.at)), *_standing(news)]
    if news.details is not None:
        found += _details(news.details, full)
    found += [("In the place of", news.continues), ("Its own invitations call it", news.uid)]
    return [(label, words) for label, words in found if words]


def _standing(news: News) -> Iterator[tuple[str, str]]:
    if news.ending is not None:
        status = news.ending.status.value
        yield "Status", f"{status}, because it moved" if news.ending.is_moved else status
        yield "Reason", news.ending.reason
        yield "By", news.ending.by
    elif news.is_confirmed:
        yield "Status", "confirmed"
    elif news.details is not None:
        yield "Status", "awaiting approval"
    for who, is_marked in news.no_shows:
        whom = "somebody" if who == EVERYBODY else who
        yield "No-show", whom if is_marked else f"not {whom}"
    yield "Outcome", news.outcome or ""


def _details(details: Details, full: Full) -> Iterator[tuple[str, str]]:
    yield "Starts", full(details.starts_at)
    yield "Ends", full(details.ends_at)
    yield "Client", _person(details.client)
    yield "Hosts", ", ".join(map(_person, details.hosts)) or "none is named"
    yield "Guests", ", ".join(details.guests)
    yield "Scheduling link", f"{details.link.name} ({details.link.slug})"
    yield "Place", ", ".join(filter(None, (details.spot, details.place, details.join_url)))
    yield from details.answers


def _person(person: Person) -> str:
    inside = ", ".join(filter(None, (person.email, person.time_zone)))
    return f"{person.name} ({inside})" if person.name else inside
