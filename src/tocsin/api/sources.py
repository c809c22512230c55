"""/sources: other schedulers that report their bookings, and what they called."""

from tocsin.api.call import Call, Reply, Route
from tocsin.bootstrap import App
from tocsin.domain.access import Scope
from tocsin.domain.model import Workspace
from tocsin.domain.sources.source import InboundCall, Source
from tocsin.schemas.paging import listing
from tocsin.schemas.reading import read
from tocsin.schemas.sources import (
    CallAnswer,
    CallOut,
    CallsAnswer,
    CallsQuery,
    FullCallAnswer,
    FullCallOut,
    LookAnswer,
    LookOut,
    NewSourceAnswer,
    NewSourceOut,
    SourceAnswer,
    SourceIn,
    SourceOut,
    SourcesAnswer,
)
from tocsin.services import source_calls, source_looks, sources
from tocsin.services.ports import Transaction
from tocsin.services.source_calls import Inlet


def index(call: Call) -> Reply:
    """List sources."""
    with call.reading() as tx:
        return Reply(body=SourcesAnswer(sources=listed(call.app, call.workspace, tx)).wire())


def create(call: Call, sent: dict[str, object]) -> Reply:
    """Make a source; a secret that is made for it is shown this once."""
    wanted = read(SourceIn, sent)
    # Not by `call.write`, which would keep the secret for whoever sends the same Idempotency-Key again.
    with call.app.store.transaction(call.workspace.id, by=call.actor) as tx:
        return call.created(NewSourceAnswer(source=made(call.app, call.workspace, tx, wanted)).wire())


def show(call: Call) -> Reply:
    """Show a source with what to do in the other product."""
    with call.reading() as tx:
        found = sources.get(tx, call.path["id"])
        return Reply(body=SourceAnswer(source=shown(call.app, call.workspace, tx, found)).wire())


def delete(call: Call) -> Reply:
    """Delete a source; what it reported stays."""

    def work(tx: Transaction) -> Reply:
        sources.delete(tx, call.path["id"])
        return Reply(status=204)

    return call.write(work)


def look(call: Call) -> Reply:
    """Let a source look as soon as a worker can."""

    def work(tx: Transaction) -> Reply:
        asked_for = source_looks.look_now(tx, call.path["id"], now=call.app.clock())
        return Reply(body=LookAnswer(look=LookOut.of(asked_for)).wire())

    return call.write(work)


def calls(call: Call, query: CallsQuery) -> Reply:
    """List what a source called, the last first."""
    with call.reading() as tx:
        found, total = source_calls.page(tx, call.path["id"], query.page, state=query.state or "")
    return Reply(body=listing("calls", [CallOut.of(one) for one in found], total, query.page))


def show_call(call: Call) -> Reply:
    """Show a call with its body."""
    with call.reading() as tx:
        found = source_calls.get(tx, call.path["id"], call.path["call_id"])
        return Reply(body=FullCallAnswer(call=whole(call.app, tx, found)).wire())


def replay(call: Call) -> Reply:
    """Read a call again, after whatever kept it from being applied was mended."""

    def work(tx: Transaction) -> Reply:
        done = source_calls.replay(inlet_of(call.app), tx, call.path["id"], call.path["call_id"])
        return Reply(body=CallAnswer(call=CallOut.of(done)).wire())

    return call.write(work)


def inlet_of(app: App) -> Inlet:
    """Return what taking calls needs."""
    return Inlet(store=app.store, clock=app.clock, chance=app.chance, secret=app.pepper, telemetry=app.telemetry)


def listed(app: App, workspace: Workspace, tx: Transaction) -> list[SourceOut]:
    """Return all sources as they are shown."""
    return [shown(app, workspace, tx, one) for one in sources.every(tx)]


def shown(app: App, workspace: Workspace, tx: Transaction, source: Source) -> SourceOut:
    """Return a source as it is shown."""
    base_url = app.settings.workspace_url(workspace.subdomain)
    url = sources.url_of(source, workspace_id=workspace.id, base_url=base_url, secret=app.pepper)
    return SourceOut.of(source, url, sources.steps_of(source, url), source_looks.of(tx, source))


def made(app: App, workspace: Workspace, tx: Transaction, wanted: SourceIn) -> NewSourceOut:
    """Make a source; return it as it is shown this once."""
    source, secret = sources.create(
        tx,
        wanted.draft,
        secret=app.pepper,
        allowed=app.settings.webhook_allow,
        now=app.clock(),
        chance=app.chance,
    )
    return NewSourceOut(**shown(app, workspace, tx, source).model_dump(), secret=secret or None)


def whole(app: App, tx: Transaction, found: InboundCall) -> FullCallOut:
    """Return a call with its body as it is shown."""
    body = source_calls.body_of(tx, found, secret=app.pepper)
    text = None if body is None else body.decode("utf-8", "replace")
    return FullCallOut(**CallOut.of(found).model_dump(), body=text)


_PATH = "/sources"
_READ, _WRITE = Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List sources: other schedulers that report bookings",
          answer=SourcesAnswer),
    Route(method="POST", path=_PATH, handler=create, scope=_WRITE,
          summary="Make a source; a secret that is made for it is shown this once", body=SourceIn,
          answer=NewSourceAnswer, status=201, can_be_repeated=False),
    Route(method="GET", path=f"{_PATH}/{{id}}", handler=show, scope=_READ,
          summary="Show a source with what to paste where in the other product", answer=SourceAnswer),
    Route(method="DELETE", path=f"{_PATH}/{{id}}", handler=delete, scope=_WRITE,
          summary="Delete a source; the bookings that it reported stay", status=204),
    Route(method="POST", path=f"{_PATH}/{{id}}/look", handler=look, scope=_WRITE,
          summary="Let a source look now for what no call has told", answer=LookAnswer),
    Route(method="GET", path=f"{_PATH}/{{id}}/calls", handler=calls, scope=_READ,
          summary="List what a source called, and what became of it", query=CallsQuery, answer=CallsAnswer),
    Route(method="GET", path=f"{_PATH}/{{id}}/calls/{{call_id}}", handler=show_call, scope=_READ,
          summary="Show a call of a source with its body", answer=FullCallAnswer),
    Route(method="POST", path=f"{_PATH}/{{id}}/calls/{{call_id}}/replay", handler=replay, scope=_WRITE,
          summary="Read a call of a source again", answer=CallAnswer),
]  # fmt: skip
