"""/sender: how the workspace looks to those who get its invites."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.schemas.sender import SenderAnswer, SenderOut
from tocsin.services import identity


def show(call: Call) -> Reply:
    """Check the sender's SPF, DKIM, DMARC, alignment and MX. Asks the DNS, which takes some 10 seconds at most."""
    found, keys = identity.of_workspace(call.app.outlet, call.workspace, call.app.names())
    return Reply(body=SenderAnswer(sender=SenderOut.of(found, keys)).wire())


ROUTES = [
    Route(method="GET", path="/sender", handler=show, scope=Scope.DELIVERIES_READ,
          summary="Check the sender: what Gmail and Outlook will show", answer=SenderAnswer),
]  # fmt: skip
