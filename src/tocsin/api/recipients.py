"""/recipients: in which time zone and language somebody is written to."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.recipients import RecipientSettings
from tocsin.schemas.paging import PageQuery, listing
from tocsin.schemas.reading import read
from tocsin.schemas.recipients import RecipientAnswer, RecipientIn, RecipientOut, RecipientsAnswer
from tocsin.services import recipients
from tocsin.services.ports import Transaction


def index(call: Call, query: PageQuery) -> Reply:
    """List the addresses for which something is set."""
    with call.reading() as tx:
        found, total = recipients.page(tx, query.page)
    return Reply(body=listing("recipients", [RecipientOut.of(one) for one in found], total, query.page))


def show(call: Call) -> Reply:
    """Show what is set for an address."""
    with call.reading() as tx:
        return _answer(recipients.get(tx, call.path["address"]))


def put(call: Call, sent: dict[str, object]) -> Reply:
    """Set in which time zone and language an address is written to."""
    wanted, address = read(RecipientIn, sent), call.path["address"]

    def work(tx: Transaction) -> Reply:
        settings = recipients.put(tx, address, time_zone=wanted.time_zone, locale=wanted.locale, now=call.app.clock())
        return _answer(settings)

    return call.write(work)


def remove(call: Call) -> Reply:
    """Forget what is set for an address."""

    def work(tx: Transaction) -> Reply:
        recipients.remove(tx, call.path["address"])
        return Reply(status=204)

    return call.write(work)


def _answer(settings: RecipientSettings) -> Reply:
    return Reply(body=RecipientAnswer(recipient=RecipientOut.of(settings)).wire())


_PATH = "/recipients"
_ONE = f"{_PATH}/{{address}}"
_READ, _WRITE = Scope.DELIVERIES_READ, Scope.DELIVERIES_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List addresses with a zone or locale of their own",
          query=PageQuery, answer=RecipientsAnswer),
    Route(method="GET", path=_ONE, handler=show, scope=_READ, summary="Show the zone and locale set for an address",
          answer=RecipientAnswer),
    Route(method="PUT", path=_ONE, handler=put, scope=_WRITE, summary="Set the zone and locale of an address",
          body=RecipientIn, answer=RecipientAnswer),
    Route(method="DELETE", path=_ONE, handler=remove, scope=_WRITE, summary="Forget the zone and locale of an address",
          status=204),
]  # fmt: skip
