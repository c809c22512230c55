"""/held-deliveries: what a restore holds back because it may have left already, and what is decided about it."""

from functools import partial

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.restore import Decision
from tocsin.schemas.deliveries import DeliveriesAnswer, DeliveryOut
from tocsin.schemas.held import HeldAnswer, HeldIn, HeldQuery
from tocsin.schemas.paging import listing
from tocsin.schemas.reading import read
from tocsin.services import held
from tocsin.services.ports import Transaction


def index(call: Call, query: HeldQuery) -> Reply:
    """List what is held, that which was due first first."""
    with call.reading() as tx:
        found, total = held.page(tx, query.wanted, query.page)
    return Reply(body=listing("deliveries", [DeliveryOut.of(one) for one in found], total, query.page))


def decide(call: Call, sent: dict[str, object], decision: Decision) -> Reply:
    """Decide about those that are named, all or none of them, or about the first of all that are wanted."""
    wanted, sender, now = read(HeldIn, sent), call.app.sender, call.app.clock()

    def work(tx: Transaction) -> Reply:
        if wanted.all:
            found = held.decide_next(tx, sender, wanted.wanted, decision, by=call.by, now=now)
        else:
            found = held.decide(tx, sender, wanted.delivery_ids, decision, by=call.by, now=now)
        shown = [DeliveryOut.of(one) for one in found]
        return Reply(body=HeldAnswer(deliveries=shown, still_held=tx.held.number(wanted.wanted)).wire())

    return call.write(work)


_PATH = "/held-deliveries"
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=Scope.DELIVERIES_READ,
          summary="List what a restore holds back because it may have left already", query=HeldQuery,
          answer=DeliveriesAnswer),
    *(
        Route(method="POST", path=f"{_PATH}/{decision.value}", handler=partial(decide, decision=decision),
              scope=Scope.DELIVERIES_WRITE, summary=summary, body=HeldIn, answer=HeldAnswer)
        for decision, summary in (
            (Decision.DONE, "Take what a restore holds back as sent: nothing leaves, and recipients hear of changes"),
            (Decision.SEND, "Send what a restore holds back, though it may have left before"),
        )
    ),
]  # fmt: skip
