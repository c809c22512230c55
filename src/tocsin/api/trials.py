"""/automation-rules/dry-run, /effect and /test-send: a rule is tried before it is saved."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.schemas.context import context_of
from tocsin.schemas.dry_run import DryRunAnswer, DryRunIn
from tocsin.schemas.effect import EffectAnswer, EffectIn
from tocsin.schemas.reading import read
from tocsin.schemas.test_send import TestSendAnswer, TestSendIn
from tocsin.services import test_send
from tocsin.services.dry_run import dry_run as try_out
from tocsin.services.effect import effect
from tocsin.services.past import gather
from tocsin.services.ports import Transaction


def dry_run(call: Call, sent: dict[str, object]) -> Reply:
    """List all that a rule would have sent in a window of time; nothing is kept of it, and nobody waits for it."""
    wanted = read(DryRunIn, sent, context=context_of(call.app)).wanted()
    call.key.must_allow(Scope.BOOKINGS_READ)
    app = call.app
    with call.reading() as tx:
        past = gather(tx, call.workspace, wanted)
    sender = app.trial_sender
    found = try_out(sender, app.scratch.open, past, wanted, now=app.clock())
    return Reply(body=DryRunAnswer.of(found).wire())


def foretell(call: Call, sent: dict[str, object]) -> Reply:
    """Show what saving a rule would do to what is planned; nothing is kept of it."""
    change = read(EffectIn, sent, context=context_of(call.app)).change
    call.key.must_allow(Scope.BOOKINGS_READ)
    app = call.app
    with app.store.trial(call.workspace.id) as tx:
        found = effect(tx, change, now=app.clock(), chance=app.chance)
    return Reply(body=EffectAnswer.of(found, change=change).wire())


def send(call: Call, sent: dict[str, object]) -> Reply:
    """Send what a rule would send to somebody of the workspace."""
    wanted = read(TestSendIn, sent, context=context_of(call.app))
    if wanted.booking_id:
        call.key.must_allow(Scope.BOOKINGS_READ)

    def work(tx: Transaction) -> Reply:
        planned = test_send.send(
            tx,
            call.app.sender,
            call.workspace,
            wanted.draft(),
            booking_id=wanted.booking_id,
            recipient=wanted.recipient,
            now=call.app.clock(),
        )
        return call.created(TestSendAnswer.of(planned).wire())

    return call.write(work)


_PATH = "/automation-rules"
ROUTES = [
    Route(
        method="POST",
        path=f"{_PATH}/dry-run",
        handler=dry_run,
        scope=Scope.RULES_WRITE,
        summary="List what a rule would have sent, or will send, in a window of time, and what the present rules do otherwise",
        body=DryRunIn,
        answer=DryRunAnswer,
    ),
    Route(
        method="POST",
        path=f"{_PATH}/effect",
        handler=foretell,
        scope=Scope.RULES_WRITE,
        summary="Show what saving a rule would do to what is planned, and to invites that are held; nothing is saved",
        body=EffectIn,
        answer=EffectAnswer,
    ),
    Route(
        method="POST",
        path=f"{_PATH}/test-send",
        handler=send,
        scope=Scope.RULES_WRITE,
        summary="Send the messages of a rule about a booking, or a sample, to a team member",
        body=TestSendIn,
        answer=TestSendAnswer,
        status=201,
    ),
]
