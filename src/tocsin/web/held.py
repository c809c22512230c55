"""What a restore holds back because it may have left already, and the two things that can be decided about it."""

from functools import partial
from urllib.parse import urlencode

from tocsin.domain.accounts import Role
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.events import EventKind
from tocsin.domain.restore import Decision
from tocsin.schemas.held import Events
from tocsin.services import held, rules
from tocsin.services.ports import Page as Part
from tocsin.services.ports_held import HeldFilter
from tocsin.web.fields import Form, Id, Line, Number
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.planned import items
from tocsin.web.typed import Typed
from tocsin.web.visit import Answer, Goto, Page, Refusal, Shown, Visit

MOST_AT_ONCE = 10 * held.MOST  # of all that the filter leaves: more takes longer than a browser, or a proxy, waits
_MOST_RULES = 200  # in the list to choose from


class Filters(Form):
    """Which of what is held is wanted."""

    event: Events | None = None
    recipient: Line = ""
    rule: Id = ""
    booking: Id = ""
    page: Number = 1

    @property
    def wanted(self) -> HeldFilter:
        """The same in the services' words."""
        return HeldFilter(event=self.event or "", recipient=self.recipient, rule_id=self.rule, booking_id=self.booking)

    @property
    def kept(self) -> str:
        """The same as the query of an address, without the page."""
        asked = {"event": self.event or "", "recipient": self.recipient, "rule": self.rule, "booking": self.booking}
        return urlencode({name: value for name, value in asked.items() if value})


class Chosen(Form):
    """About which of it something is decided: the boxes `ids` that are ticked, of which there are several, or `all`."""

    ids: Id = ""
    all: Line = ""


def index(visit: Visit, filters: Filters) -> Shown:
    """List what is held, that which was due first first."""
    with visit.reading() as tx:
        found, total = held.page(tx, filters.wanted, Part(number=filters.page, size=SHOWN))
        known, _ = rules.page(tx, Part(size=_MOST_RULES))
        shown = items(tx, found)
    return {
        "items": shown,
        "rules": known,
        "events": [kind.value for kind in EventKind],
        "filters": filters,
        "asked": f"?{filters.kept}" if filters.kept else "",
        "most_at_once": MOST_AT_ONCE,
        "paging": Paging(path=_PATH, query=visit.query, number=filters.page, total=total),
    }


def decide(visit: Visit, filters: Filters, typed: Typed, decision: Decision) -> Answer:
    """Decide about what is ticked, or about all that the filter leaves, a part in each transaction."""
    to = f"{_PATH}?{filters.kept}".rstrip("?")
    # No id holds what cannot be printed, and PostgreSQL refuses a NUL even in a question.
    ids = [one if one.isprintable() else "" for one in typed.all("ids")]
    try:
        if typed.first("all") == "yes":
            _decide_all(visit, filters, decision)
        elif ids:
            by, now = visit.who.email, visit.now
            visit.write(lambda tx: held.decide(tx, visit.app.sender, ids[:SHOWN], decision, by=by, now=now))
        else:
            return Goto(to=to, notice="held-none")
    except InvalidInputError as error:
        sentences = {problem.message for problem in error.problems}
        return Refusal(values=index(visit, filters) | {"general": sorted(sentences)}, error=error)
    return Goto(to=to, notice=f"held-{decision.value}")


def _decide_all(visit: Visit, filters: Filters, decision: Decision) -> None:
    by, sender, wanted = visit.who.email, visit.app.sender, filters.wanted
    for _ in range(MOST_AT_ONCE // held.MOST):
        done = visit.write(lambda tx: held.decide_next(tx, sender, wanted, decision, by=by, now=visit.now))
        if len(done) < held.MOST:
            return


_PATH, _TEMPLATE = "/held", "held.html"
PAGES = [
    Page(path=_PATH, view=index, template=_TEMPLATE, query=Filters),
    *(
        Page(
            path=f"{_PATH}/{decision.value}",
            view=partial(decide, decision=decision),
            template=_TEMPLATE,
            method="POST",
            role=Role.ADMIN,
            query=Filters,
            form=Chosen,
            reads_rows=True,
        )
        for decision in Decision
    ),
]
