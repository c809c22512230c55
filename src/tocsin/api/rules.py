"""/automation-rules"""

from functools import partial

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.domain.rules import MOST_LINKS, AutomationRule
from tocsin.schemas.context import context_of
from tocsin.schemas.paging import PageQuery, listing
from tocsin.schemas.preview import PreviewAnswer, PreviewIn
from tocsin.schemas.reading import read, read_with_problems
from tocsin.schemas.revisions import RevisionOut, RevisionsAnswer, UndoQuery
from tocsin.schemas.rules import (
    FullRuleAnswer,
    FullRuleIn,
    FullRuleOut,
    RuleAnswer,
    RuleIn,
    RuleOut,
    RulePatch,
    RulesAnswer,
    patched,
)
from tocsin.services import preview as previews
from tocsin.services import rules
from tocsin.services.ports import Transaction


def create(call: Call, sent: dict[str, object]) -> Reply:
    """Create an automation rule."""
    return _create(call, RuleIn, sent)


def create_in_full(call: Call, sent: dict[str, object]) -> Reply:
    """Create an automation rule with any of our actions."""
    return _create(call, FullRuleIn, sent)


def _create(call: Call, model: type[RuleIn | FullRuleIn], sent: dict[str, object]) -> Reply:
    rule_in, problems = read_with_problems(model, sent, context=context_of(call.app))

    def work(tx: Transaction) -> Reply:
        if rule_in is None:
            raise InvalidInputError([*problems, *_link_problems(tx, sent, problems)])
        rule = rules.create(tx, rule_in.draft(), now=call.app.clock(), chance=call.app.chance, by=call.by)
        if model is FullRuleIn:
            return call.created(FullRuleAnswer(workflow=FullRuleOut.of(rule)).wire())
        return call.created(RuleAnswer(workflow=RuleOut.of(rule)).wire())

    return call.write(work)


def preview(call: Call, sent: dict[str, object]) -> Reply:
    """Show what a rule would send about one booking; nothing is kept of it."""
    wanted = read(PreviewIn, sent, context=context_of(call.app))
    if wanted.booking_id:
        call.key.must_allow(Scope.BOOKINGS_READ)
    with call.app.store.trial(call.workspace.id) as tx:
        found = previews.preview(
            tx,
            call.app.trial_sender,
            call.workspace,
            wanted.draft(),
            booking_id=wanted.booking_id,
            now=call.app.clock(),
        )
    return Reply(body=PreviewAnswer.of(found, event=wanted.event).wire())


def index(call: Call, query: PageQuery) -> Reply:
    """List automation rules, the newest first."""
    with call.reading() as tx:
        found, total = rules.page(tx, query.page)
    return Reply(body=listing("workflows", [RuleOut.of(rule) for rule in found], total, query.page))


def show(call: Call) -> Reply:
    """Show an automation rule in full."""
    with call.reading() as tx:
        rule = rules.get(tx, call.path["id"])
    return _shown(rule)


def update(call: Call, sent: dict[str, object]) -> Reply:
    """Change an automation rule; the next revision of it holds for what happens from now on."""
    context = context_of(call.app)
    patch = read(RulePatch, sent, context=context)

    def work(tx: Transaction) -> Reply:
        rule = rules.change(
            tx,
            call.path["id"],
            lambda rule: read(FullRuleIn, patched(rule, sent), context=context).draft(),
            more_links=patch.meeting_ids or [],
            now=call.app.clock(),
            chance=call.app.chance,
            by=call.by,
        )
        return _shown(rule)

    return call.write(work)


def enable(call: Call, *, enabled: bool) -> Reply:
    """Switch an automation rule on or off."""

    def work(tx: Transaction) -> Reply:
        rule = rules.enable(
            tx, call.path["id"], enabled=enabled, now=call.app.clock(), chance=call.app.chance, by=call.by
        )
        return _shown(rule)

    return call.write(work)


def revisions(call: Call) -> Reply:
    """List what an automation rule was, the latest first."""
    with call.reading() as tx:
        found = rules.revisions(tx, call.path["id"])
    pairs = list(zip(found, [*found[1:], None], strict=True))[: rules.MOST_REVISIONS]
    shown = [RevisionOut.of(one, before) for one, before in pairs]
    return Reply(body=RevisionsAnswer(revisions=shown).wire())


def undo(call: Call, query: UndoQuery) -> Reply:
    """Make an automation rule what it was before."""

    def work(tx: Transaction) -> Reply:
        rule = rules.undo(tx, call.path["id"], query.revision, now=call.app.clock(), chance=call.app.chance, by=call.by)
        return _shown(rule)

    return call.write(work)


def delete(call: Call) -> Reply:
    """Delete an automation rule; what waits of it is withdrawn."""

    def work(tx: Transaction) -> Reply:
        rules.delete(tx, call.path["id"], now=call.app.clock())
        return Reply(status=204)

    return call.write(work)


def _shown(rule: AutomationRule) -> Reply:
    return Reply(body=FullRuleAnswer(workflow=FullRuleOut.of(rule)).wire())


def _link_problems(tx: Transaction, sent: dict[str, object], problems: list[Problem]) -> list[Problem]:
    """Return what is wrong with the links of a rule that is wrong in other ways too, so that all is named at once."""
    named = {problem.field for problem in problems}
    ids = sent.get("meeting_ids")
    if not isinstance(ids, list) or "meeting_ids" in named or len(ids) > MOST_LINKS:
        return []
    # What is no id at all was complained of, and may hold what a database does not take.
    texts = ["" if f"meeting_ids[{number}]" in named else str(link_id) for number, link_id in enumerate(ids)]
    return [problem for problem in rules.link_problems(tx, texts) if problem.field not in named]


_PATH = "/automation-rules"
ROUTES = [
    Route(
        method="POST",
        path=_PATH,
        handler=create,
        scope=Scope.RULES_WRITE,
        summary="Create an automation rule",
        body=RuleIn,
        answer=RuleAnswer,
        status=201,
    ),
    Route(
        method="POST",
        path=f"{_PATH}/full",
        handler=create_in_full,
        scope=Scope.RULES_WRITE,
        summary="Create an automation rule with any of our actions",
        body=FullRuleIn,
        answer=FullRuleAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path=_PATH,
        handler=index,
        scope=Scope.RULES_READ,
        summary="List automation rules",
        query=PageQuery,
        answer=RulesAnswer,
    ),
    Route(
        method="POST",
        path=f"{_PATH}/preview",
        handler=preview,
        scope=Scope.RULES_WRITE,
        summary="Show what a rule would send about a booking, or a sample; nothing is saved or sent",
        body=PreviewIn,
        answer=PreviewAnswer,
    ),
    Route(
        method="GET",
        path=f"{_PATH}/{{id}}",
        handler=show,
        scope=Scope.RULES_READ,
        summary="Show an automation rule in full",
        answer=FullRuleAnswer,
    ),
    Route(
        method="PATCH",
        path=f"{_PATH}/{{id}}",
        handler=update,
        scope=Scope.RULES_WRITE,
        summary="Change an automation rule",
        body=RulePatch,
        answer=FullRuleAnswer,
    ),
    *(
        Route(
            method="POST",
            path=f"{_PATH}/{{id}}/{verb}",
            handler=partial(enable, enabled=enabled),
            scope=Scope.RULES_WRITE,
            summary=summary,
            answer=FullRuleAnswer,
        )
        for verb, enabled, summary in (
            ("enable", True, "Switch an automation rule on"),
            ("disable", False, "Switch an automation rule off; what waits of it is withdrawn"),
        )
    ),
    Route(
        method="GET",
        path=f"{_PATH}/{{id}}/revisions",
        handler=revisions,
        scope=Scope.RULES_READ,
        summary="List what an automation rule was, with who changed what and when",
        answer=RevisionsAnswer,
    ),
    Route(
        method="POST",
        path=f"{_PATH}/{{id}}/undo",
        handler=undo,
        scope=Scope.RULES_WRITE,
        summary="Make an automation rule what it was before its last change, or at a revision",
        query=UndoQuery,
        answer=FullRuleAnswer,
    ),
    Route(
        method="DELETE",
        path=f"{_PATH}/{{id}}",
        handler=delete,
        scope=Scope.RULES_WRITE,
        summary="Delete an automation rule",
        status=204,
    ),
]
