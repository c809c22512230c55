"""/audit: who did what in the workspace."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.schemas.audit import AuditAnswer, AuditEntryOut, AuditQuery
from tocsin.schemas.paging import listing
from tocsin.services import audit


def index(call: Call, query: AuditQuery) -> Reply:
    """List who did what, the newest first."""
    wanted = audit.filter_of(
        who=query.who, what=query.what, thing=query.id, day=query.day, zone=call.workspace.time_zone
    )
    with call.reading() as tx:
        found, total = audit.page(tx, wanted, query.page)
    return Reply(body=listing("entries", [AuditEntryOut.of(entry) for entry in found], total, query.page))


ROUTES = [
    Route(method="GET", path="/audit", handler=index, scope=Scope.AUDIT_READ, summary="List who did what",
          query=AuditQuery, answer=AuditAnswer),
]  # fmt: skip
