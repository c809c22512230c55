"""Tools that try a rule before it is saved. They write nothing, so a key that reads is enough."""

from typing import Any

from tocsin.domain.access import Scope
from tocsin.mcp.marks import as_data
from tocsin.mcp.tool import Caller, Told, Tool
from tocsin.schemas.dry_run import DryRunAnswer, DryRunIn
from tocsin.schemas.preview import PreviewAnswer, PreviewIn
from tocsin.services import preview as previews
from tocsin.services.dry_run import dry_run as try_out
from tocsin.services.past import gather

MOST_TRIED = 100  # deliveries of a dry run that a model is shown; the counts count all
_TOO_LONG = ("html", "message")  # the same as text and calendar, in more words


def preview(caller: Caller, wanted: PreviewIn) -> Told:
    """Show what a rule would send about one booking, or a sample."""
    app = caller.app
    with app.store.trial(caller.workspace.id) as tx:
        found = previews.preview(
            tx,
            app.trial_sender,
            caller.workspace,
            wanted.draft(),
            booking_id=wanted.booking_id,
            now=app.clock(),
        )
    shown = PreviewAnswer.of(found, event=wanted.event).wire()
    for one in shown["preview"]["deliveries"]:
        _without(one, _TOO_LONG)
    return Told(body=as_data(shown))


def dry_run(caller: Caller, wanted: DryRunIn) -> Told:
    """List what a rule would have sent over the bookings of a window of time."""
    app = caller.app
    with caller.reading() as tx:
        past = gather(tx, caller.workspace, wanted.wanted())
    found = try_out(app.trial_sender, app.scratch.open, past, wanted.wanted(), now=app.clock())
    shown = DryRunAnswer.of(found).wire()
    for name in ("deliveries", "no_longer_sent"):
        shown["dry_run"][name] = shown["dry_run"][name][:MOST_TRIED]
    return Told(body=as_data(shown))


def _without(one: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        one.pop(name, None)


_SCOPES = (Scope.RULES_READ, Scope.BOOKINGS_READ)
TOOLS = [
    Tool(
        name="preview_rule",
        does="Show what a rule would send, to whom and when, about one booking (or a sample, without booking_id). "
        "Nothing is saved or sent.",
        takes=PreviewIn,
        scopes=_SCOPES,
        run=preview,
    ),
    Tool(
        name="dry_run_rule",
        does="List every delivery that a rule would have made over the bookings of a window of time (`from`, `until`). "
        f"Nothing is saved or sent. The first {MOST_TRIED} are shown; the counts count all.",
        takes=DryRunIn,
        scopes=_SCOPES,
        run=dry_run,
    ),
]
