"""/automation-rules as a whole: exported, planned and applied; and the operator's commands that do the same."""

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.api.call import Call, Reply, Route
from tocsin.bootstrap import App
from tocsin.domain.access import Scope
from tocsin.domain.audit import COMMAND_LINE
from tocsin.schemas import strict_json
from tocsin.schemas.context import context_of
from tocsin.schemas.reading import read
from tocsin.schemas.rule_set import (
    RuleSetChange,
    RuleSetIn,
    RuleSetOut,
    RuleSetPlanAnswer,
    RuleSetPlanOut,
)
from tocsin.services import rule_set
from tocsin.services.ports import Transaction
from tocsin.services.rule_set import RuleSetPlan

Wire = dict[str, Any]


def export(call: Call) -> Reply:
    """Return all automation rules as one document."""
    with call.reading() as tx:
        return Reply(body=_exported(tx))


def plan(call: Call, sent: dict[str, object]) -> Reply:
    """Show what applying a set of rules would change; nothing is saved."""
    wanted = read(RuleSetIn, sent, context=context_of(call.app))
    with call.reading() as tx:
        return Reply(body=_shown(rule_set.plan(tx, wanted.drafts())))


def apply(call: Call, sent: dict[str, object]) -> Reply:
    """Make the automation rules those of a set: all of the plan, or nothing."""
    wanted = read(RuleSetChange, sent, context=context_of(call.app))
    return call.write(lambda tx: Reply(body=_applied(tx, wanted, call.app, by=call.by)))


def _exported(tx: Transaction) -> Wire:
    return RuleSetOut.of(*rule_set.export(tx)).wire()


def _applied(tx: Transaction, wanted: RuleSetChange, app: App, *, by: str) -> Wire:
    now, chance = app.clock(), app.chance
    return _shown(rule_set.apply(tx, wanted.drafts(), seen=wanted.fingerprint, now=now, chance=chance, by=by))


def _shown(plan: RuleSetPlan) -> Wire:
    return RuleSetPlanAnswer(plan=RuleSetPlanOut.of(plan)).wire()


def _command_export(app: App, values: Wire) -> Wire:
    with app.store.reading(app.office.workspace(values).id) as tx:
        return _exported(tx)


def _command_plan(app: App, values: Wire) -> Wire:
    wanted = read(RuleSetIn, values["rule_set"], context=context_of(app))
    with app.store.reading(app.office.workspace(values).id) as tx:
        return _shown(rule_set.plan(tx, wanted.drafts()))


def _command_apply(app: App, values: Wire) -> Wire:
    wanted = read(RuleSetChange, values["rule_set"], context=context_of(app))
    with app.store.transaction(app.office.workspace(values).id, by=COMMAND_LINE) as tx:
        done = _applied(tx, wanted, app, by="tocsin rules apply")
    app.bell.set()
    return done


COMMANDS: Mapping[str, Callable[[App, Wire], Wire]] = {
    "rules export": _command_export,
    "rules plan": _command_plan,
    "rules apply": _command_apply,
}
_PATH = "/automation-rules"
ROUTES = [
    Route(
        method="GET",
        path=f"{_PATH}/export",
        handler=export,
        scope=Scope.RULES_READ,
        summary="Return all automation rules as one document, which can be planned and applied here or in another workspace",
        answer=RuleSetOut,
    ),
    Route(
        method="POST",
        path=f"{_PATH}/plan",
        handler=plan,
        scope=Scope.RULES_WRITE,
        summary="Show what applying a set of rules would change; nothing is saved",
        body=RuleSetIn,
        answer=RuleSetPlanAnswer,
        room=strict_json.WIDE,
    ),
    Route(
        method="PUT",
        path=_PATH,
        handler=apply,
        scope=Scope.RULES_WRITE,
        summary="Make the automation rules those of a set, all or nothing; rules that are not in it are deleted",
        body=RuleSetChange,
        answer=RuleSetPlanAnswer,
        room=strict_json.WIDE,
    ),
]
