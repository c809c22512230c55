"""/suppressions: who gets no more messages."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.schemas.paging import listing
from tocsin.schemas.reading import read
from tocsin.schemas.suppressions import (
    SuppressionAnswer,
    SuppressionIn,
    SuppressionOut,
    SuppressionQuery,
    SuppressionsAnswer,
    SuppressionsQuery,
)
from tocsin.services import suppressions
from tocsin.services.ports import Transaction


def index(call: Call, query: SuppressionsQuery) -> Reply:
    """List who gets no more messages, the newest first."""
    with call.reading() as tx:
        found, total = suppressions.page(tx, query.page, recipient=query.recipient)
    return Reply(body=listing("suppressions", [SuppressionOut.of(one) for one in found], total, query.page))


def add(call: Call, sent: dict[str, object]) -> Reply:
    """Put an address on the list; what waits for it ends."""
    wanted = read(SuppressionIn, sent)

    def work(tx: Transaction) -> Reply:
        entry = suppressions.add(tx, wanted.recipient, rule_id=wanted.rule_id, note=wanted.note, now=call.app.clock())
        return call.created(SuppressionAnswer(suppression=SuppressionOut.of(entry)).wire())

    return call.write(work)


def remove(call: Call, query: SuppressionQuery) -> Reply:
    """Take an address off the list."""

    def work(tx: Transaction) -> Reply:
        suppressions.remove(tx, call.path["recipient"], rule_id=query.rule_id)
        return Reply(status=204)

    return call.write(work)


_PATH = "/suppressions"
_READ, _WRITE = Scope.DELIVERIES_READ, Scope.DELIVERIES_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List who gets no more messages",
          query=SuppressionsQuery, answer=SuppressionsAnswer),
    Route(method="POST", path=_PATH, handler=add, scope=_WRITE, summary="Send an address no more messages",
          body=SuppressionIn, answer=SuppressionAnswer, status=201),
    Route(method="DELETE", path=f"{_PATH}/{{recipient}}", handler=remove, scope=_WRITE,
          summary="Take an address off the list", query=SuppressionQuery, status=204),
]  # fmt: skip
