"""/limits: how much the workspace may send, and how much it has."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.schemas.limits import LimitsAnswer, LimitsQuery
from tocsin.services import limits


def index(call: Call, query: LimitsQuery) -> Reply:
    """Show every limit, how far it is used, and whether sending is paused."""
    with call.reading() as tx:
        uses = limits.uses(tx, call.app.settings.limits, recipient=query.recipient, now=call.app.clock())
        pause = limits.pause_of(tx)
    return Reply(body=LimitsAnswer.of(uses, pause).wire())


ROUTES = [
    Route(method="GET", path="/limits", handler=index, scope=Scope.DELIVERIES_READ,
          summary="Show limits, how far they are used, and whether sending is paused",
          query=LimitsQuery, answer=LimitsAnswer),
]  # fmt: skip
