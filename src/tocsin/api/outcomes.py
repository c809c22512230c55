"""/meeting-outcomes"""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.model import MeetingOutcome
from tocsin.schemas.outcomes import OutcomeAnswer, OutcomeChange, OutcomeIn, OutcomeOut, OutcomesAnswer
from tocsin.schemas.reading import read
from tocsin.services import outcomes
from tocsin.services.ports import Transaction


def index(call: Call) -> Reply:
    """List meeting outcomes."""
    with call.reading() as tx:
        found = outcomes.every(tx)
    return Reply(body=OutcomesAnswer(meeting_outcomes=[OutcomeOut.of(outcome) for outcome in found]).wire())


def create(call: Call, sent: dict[str, object]) -> Reply:
    """Create a meeting outcome; the name of a deleted one restores it."""
    wanted = read(OutcomeIn, sent)

    def work(tx: Transaction) -> Reply:
        now, chance = call.app.clock(), call.app.chance
        return call.created(_shown(outcomes.create(tx, wanted.name, color=wanted.color, now=now, chance=chance)))

    return call.write(work)


def show(call: Call) -> Reply:
    """Show a meeting outcome."""
    with call.reading() as tx:
        return Reply(body=_shown(outcomes.get(tx, call.path["id"])))


def update(call: Call, sent: dict[str, object]) -> Reply:
    """Change a meeting outcome."""
    wanted = read(OutcomeChange, sent)

    def work(tx: Transaction) -> Reply:
        now = call.app.clock()
        return Reply(body=_shown(outcomes.update(tx, call.path["id"], name=wanted.name, color=wanted.color, now=now)))

    return call.write(work)


def delete(call: Call) -> Reply:
    """Delete a meeting outcome; bookings that have it keep it."""

    def work(tx: Transaction) -> Reply:
        outcomes.delete(tx, call.path["id"], now=call.app.clock())
        return Reply(status=204)

    return call.write(work)


def _shown(outcome: MeetingOutcome) -> dict[str, object]:
    return OutcomeAnswer(meeting_outcome=OutcomeOut.of(outcome)).wire()


_PATH = "/meeting-outcomes"
_READ, _WRITE = Scope.LINKS_READ, Scope.LINKS_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List meeting outcomes", answer=OutcomesAnswer),
    Route(method="POST", path=_PATH, handler=create, scope=_WRITE, summary="Create a meeting outcome",
          body=OutcomeIn, answer=OutcomeAnswer, status=201),
    Route(method="GET", path=f"{_PATH}/{{id}}", handler=show, scope=_READ, summary="Show a meeting outcome",
          answer=OutcomeAnswer),
    Route(method="PATCH", path=f"{_PATH}/{{id}}", handler=update, scope=_WRITE, summary="Change a meeting outcome",
          body=OutcomeChange, answer=OutcomeAnswer),
    Route(method="DELETE", path=f"{_PATH}/{{id}}", handler=delete, scope=_WRITE, summary="Delete a meeting outcome",
          status=204),
]  # fmt: skip
