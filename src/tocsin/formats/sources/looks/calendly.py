"""Calendly: events from yesterday on, by their start, and the invitees of those where something is other than here.

Its API does not say what changed. But an event tells how many invitees it has, and when it was changed itself.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from tocsin.domain.sources.looks import Sight
from tocsin.domain.sources.news import EVERYBODY
from tocsin.domain.sources.source import SourceKind
from tocsin.formats.sources.calendly import API, SCOPE, invitee_news
from tocsin.formats.sources.fields import Fields, NotUnderstoodError
from tocsin.formats.sources.looks.shape import Looker, Page, View, rows_of, sights_of, written
from tocsin.formats.sources.shape import Answers, Question

COUNT = 20  # events on a page: each may have to be asked for its invitees
MOST_INVITEES = 100  # of an event; its API gives so many at once
_EVENT = re.compile(re.escape(API) + r"/scheduled_events/[A-Za-z0-9-]{1,100}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,1000}")


def _step(view: View, answers: Answers) -> Page:
    scope = view.access.user_id or Fields(answers.get("me")).text("resource.uri")
    if not scope and "me" not in answers:
        return Page(questions=(_question(view, "me", f"{API}/users/me"),))
    if SCOPE.fullmatch(scope) is None:
        raise NotUnderstoodError("it does not say whose token it is")
    if "events" not in answers:
        return Page(questions=(_question(view, "events", f"{API}/scheduled_events?{_query(view, scope)}"),))
    found = Fields(answers["events"])
    events = rows_of(found.raw("collection"), "events")
    wanted = [event for event in events if _differs(event, view)]
    if unasked := tuple(_of_event(view, event) for event in wanted if event.id("uri") not in answers):
        return Page(questions=unasked)
    pairs = ((event, invitee) for event in wanted for invitee in _invitees(event, answers))
    sights, remark = sights_of((_joined(*pair) for pair in pairs), _sight)
    if any(Fields(answers[event.id("uri")]).raw("pagination.next_page_token") for event in wanted):
        remark = remark or f"an event has more than {MOST_INVITEES} invitees, and the others were not looked at"
    return Page(sights=sights, position=_next(found), remark=remark)


def _query(view: View, scope: str) -> str:
    name = "organization" if "/organizations/" in scope else "user"
    query = {name: scope, "min_start_time": written(view.earliest), "sort": "start_time:asc", "count": COUNT}
    return urlencode(query | ({"page_token": view.position} if view.position else {}))


def _question(view: View, name: str, url: str) -> Question:
    return Question(name=name, url=url, authorization=f"Bearer {view.access.api_token}")


def _of_event(view: View, event: Fields) -> Question:
    uri = event.id("uri")
    return _question(view, uri, f"{uri}/invitees?count={MOST_INVITEES}")


def _differs(event: Fields, view: View) -> bool:
    """Tell whether the invitees of an event are to be asked for."""
    uri = event.id("uri")
    if _EVENT.fullmatch(uri) is None:
        return False  # nothing else is asked with the token
    here = sum(one.startswith(f"{uri}/invitees/") for one in view.expected)
    there = event.raw("invitees_counter.active") if event.text("status") == "active" else 0
    changed_at = event.moment("updated_at")
    return here != there or changed_at is None or changed_at >= view.since


def _invitees(event: Fields, answers: Answers) -> Iterator[Fields]:
    yield from rows_of(Fields(answers[event.id("uri")]).raw("collection"), "invitees")


def _joined(event: Fields, invitee: Fields) -> Fields:
    """Return an invitee with his event, as calls have him."""
    return Fields({**invitee.whole, "scheduled_event": event.whole})


def _sight(invitee: Fields) -> Sight:
    moments = [invitee.moment("updated_at"), invitee.moment("scheduled_event.updated_at")]
    told = [moment for moment in moments if moment is not None]
    if not told:
        raise NotUnderstoodError("an invitee does not say when he was changed")
    marks = ((EVERYBODY, isinstance(invitee.raw("no_show"), dict)),)
    news = invitee_news(invitee, max(told), is_cancelled=invitee.text("status") == "canceled", no_shows=marks)
    return Sight(news=news, made_at=invitee.required_moment("created_at"))


def _next(found: Fields) -> str:
    token = found.raw("pagination.next_page_token")
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else ""


LOOKER = Looker(kind=SourceKind.CALENDLY, step=_step)
