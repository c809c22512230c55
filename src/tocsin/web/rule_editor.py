"""The editor of rules: a new one, a change of one, and what goes with it: preview, test, deletion."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import Field

from tocsin.domain.accounts import Role
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError, Problem, TocsinError
from tocsin.domain.recipients import RECIPIENTS
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.domain.templates import VARIABLES
from tocsin.formats import zones
from tocsin.schemas.actions.recipients import entry_complaint
from tocsin.schemas.context import context_of
from tocsin.schemas.preview import PreviewIn
from tocsin.schemas.reading import read
from tocsin.schemas.rules import FullRuleIn, body_of
from tocsin.services import rules, test_send
from tocsin.services.ports import Transaction
from tocsin.web import dry_runs, rule_deeds, rule_document, rule_form, rule_words, starters
from tocsin.web.effect import effect_of
from tocsin.web.fields import Form, Id, Line
from tocsin.web.rule_changes import Change, changes_of
from tocsin.web.rule_preview import previewed
from tocsin.web.rule_words import names_of
from tocsin.web.typed import Typed
from tocsin.web.visit import WIDE, Answer, Data, Goto, Page, Refusal, Shown, Visit


class Beginning(Form):
    """What a new rule is to begin as: a copy of another, or one of the starters."""

    from_: Id = Field("", alias="from")
    starter: Line = ""


class Entry(Form):
    """One recipient as it was typed."""

    entry: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the form stands in: the rule that is changed, if any, and what is said above and where the focus is."""

    rule: AutomationRule | None = None
    problems: Sequence[Problem] = ()
    general: str = ""
    notice: str = ""
    focus: str = ""
    starter: str = ""
    theirs: Sequence[Change] = ()  # what somebody else changed meanwhile
    effect: Shown = field(default_factory=dict)  # what saving will do, if that was asked


def begin(visit: Visit, beginning: Beginning) -> Shown:
    """Show the form of a new rule."""
    if beginning.from_:
        with visit.reading() as tx:
            copied = rules.get(tx, beginning.from_)
        typed = rule_document.typed_of(body_of(copied))
        return _values(visit, typed.having(name=f"{copied.name[:240]} (copy)"), Scene())
    starter = starters.STARTERS.get(beginning.starter)
    typed = starters.blank() if starter is None else starter.typed
    return _values(visit, _with_the_only_link(visit, typed), Scene(starter=beginning.starter))


def create(visit: Visit, typed: Typed) -> Answer:
    """Make a rule, or do what another button of the form says."""
    return _answered(visit, typed, None)


def open_(visit: Visit) -> Shown:
    """Show the form of a rule as it is."""
    rule = _rule(visit)
    return _values(visit, _typed_of(rule), Scene(rule=rule))


def change(visit: Visit, typed: Typed) -> Answer:
    """Change a rule, or do what another button of the form says."""
    try:
        rule = _rule(visit)
    except NotFoundError as error:
        scene = Scene(general="this rule is not there any more; what you see can be saved as a new one")
        return Refusal(values=_values(visit, typed, scene), error=error)
    return _answered(visit, typed, rule)


def preview(visit: Visit, typed: Typed) -> Shown:
    """Show what the rule in the form would send, as a part of a page."""
    return {"typed": typed, "preview": previewed(visit, typed)}


def check(_visit: Visit, sent: Entry) -> Data:
    """Tell whether something can be a recipient, and who that is."""
    entry = sent.entry.strip()
    wrong = entry_complaint(entry) if entry else "write an address, or choose who it is"
    return Data(value={"ok": wrong is None, "says": RECIPIENTS.get(entry, "") if wrong is None else wrong})


def _rule(visit: Visit) -> AutomationRule:
    with visit.reading() as tx:
        return rules.get(tx, visit.path["id"])


def _typed_of(rule: AutomationRule) -> Typed:
    typed = rule_document.typed_of(body_of(rule))
    return typed.having(revision=str(rule.revision))


def _answered(visit: Visit, typed: Typed, rule: AutomationRule | None) -> Answer:
    do = typed.first("do")
    try:
        if do == "save":
            return _saved(visit, typed, rule)
        if do == "effect":
            found = effect_of(visit, _draft(visit, typed), "" if rule is None else rule.id)
            return _values(visit, typed, Scene(rule=rule, effect=found, focus="effect"))
        if do == "dry-run":
            return _tried(visit, typed, rule)
        if do == "test":
            return _values(visit, typed, Scene(rule=rule, notice=_tested(visit, typed)))
    except InvalidInputError as error:
        return Refusal(values=_values(visit, typed, Scene(rule=rule, problems=error.problems)), error=error)
    except TocsinError as error:
        theirs, typed = _overtaken(visit, typed, rule)
        scene = Scene(rule=rule, general=str(error), theirs=theirs)
        return Refusal(values=_values(visit, typed, scene), error=error)
    typed, focus = rule_deeds.done(typed, do)
    return _values(visit, typed, Scene(rule=rule, focus=focus))


def _draft(visit: Visit, typed: Typed) -> RuleDraft:
    return read(FullRuleIn, rule_document.read(typed), context=context_of(visit.app)).draft()


def _tried(visit: Visit, typed: Typed, rule: AutomationRule | None) -> Answer:
    """Try the rule on the past as it is typed; a new one without a name is called so there."""
    draft = _draft(visit, typed)
    named = draft if draft.name else replace(draft, name="A rule without a name yet")
    span = dry_runs.span_of(visit, typed)
    return dry_runs.begun(visit, named, span, rule_id="" if rule is None else rule.id, is_draft=True)


def _saved(visit: Visit, typed: Typed, rule: AutomationRule | None) -> Answer:
    draft, chance, by = _draft(visit, typed), visit.app.chance, visit.who.email
    if rule is None:
        made = visit.write(lambda tx: rules.create(tx, draft, now=visit.now, chance=chance, by=by))
        return Goto(to=f"/rules/{made.id}", notice="rule-made")

    def work(tx: Transaction) -> AutomationRule:
        def wanted_of(present: AutomationRule) -> RuleDraft:
            return _unless_changed(present, draft, typed.first("revision"))

        links = draft.link_ids
        return rules.change(tx, rule.id, wanted_of, more_links=links, now=visit.now, chance=chance, by=by)

    saved = visit.write(work)
    return Goto(to=f"/rules/{saved.id}", notice="rule-saved" if saved.revision != rule.revision else "rule-same")


def _unless_changed(present: AutomationRule, draft: RuleDraft, revision: str) -> RuleDraft:
    """Return what is wanted, unless it would undo what somebody else did since the form was opened."""
    if revision != str(present.revision):
        raise ConflictError("somebody else has changed this rule since you opened it; nothing of yours is saved yet")
    return draft


def _overtaken(visit: Visit, typed: Typed, rule: AutomationRule | None) -> tuple[Sequence[Change], Typed]:
    """Return what others changed since the form was opened, and the form as one that has seen it: saved again, it holds."""
    if rule is None or typed.first("revision") == str(rule.revision):
        return (), typed
    with visit.reading() as tx:
        kept = {str(one.number): one.rule for one in rules.revisions(tx, rule.id)}
        names = names_of(tx, [one for one in kept.values() if one is not None])
    changes = changes_of(kept.get(typed.first("revision")), kept.get(str(rule.revision)), names)
    return changes, typed.having(revision=str(rule.revision))


def _tested(visit: Visit, typed: Typed) -> str:
    """Send a test about the booking that is previewed, and return what is said of it."""
    sent_too = {"booking_id": typed.first("preview_booking")}
    wanted = read(PreviewIn, rule_document.read(typed) | sent_too, context=context_of(visit.app))
    draft, booking_id, to = wanted.draft(), wanted.booking_id, visit.who.email
    sent = visit.write(
        lambda tx: test_send.send(
            tx, visit.app.sender, visit.workspace, draft, booking_id=booking_id, recipient=to, now=visit.now
        )
    )
    return f"{len(sent)} test {'message is' if len(sent) == 1 else 'messages are'} on the way to {to}."


def _with_the_only_link(visit: Visit, typed: Typed) -> Typed:
    """Choose the link if there is no choice."""
    with visit.reading() as tx:
        found, total = tx.links.page(templates=False, search="", host_email="", limit=1, offset=0)
    return replace(typed, pairs=(*typed.pairs, ("link", found[0].id))) if total == 1 else typed


def _values(visit: Visit, typed: Typed, scene: Scene) -> Shown:
    with visit.reading() as tx:
        links = rule_form.links_of(tx, typed)
    summary, errors = rule_form.told(typed, scene.problems)
    return {
        "rule": scene.rule,
        "typed": typed,
        "links": links,
        "events": rule_form.choices(rule_words.HAPPENS, typed.first("event")),
        "condition_rows": rule_form.condition_rows(typed),
        "looks_at": rule_words.LOOKS_AT,
        "does": rule_words.DOES,
        "units": list(rule_document.UNITS),
        "summary": summary,
        "errors": errors,
        "scene": scene,
        "starters": {name: one.says for name, one in starters.STARTERS.items()},
        "variables": VARIABLES,
        "placeholders": RECIPIENTS,
        "zones": sorted(zones.ZONES),
        "preview": previewed(visit, typed),
        "days": dry_runs.usual(visit),
    } | scene.effect


_PATH, _TEMPLATE = "/rules/{id}", "rule_editor.html"
PAGES = [
    Page(path="/rules/new", view=begin, template=_TEMPLATE, role=Role.ADMIN, query=Beginning),
    Page(path="/rules/check-recipient", view=check, role=Role.ADMIN, query=Entry),
    Page(
        path="/rules/new",
        view=create,
        method="POST",
        template=_TEMPLATE,
        role=Role.ADMIN,
        reads_rows=True,
        room=WIDE,
    ),
    Page(
        path="/rules/preview",
        view=preview,
        method="POST",
        template="rule_preview.html",
        role=Role.ADMIN,
        reads_rows=True,
        room=WIDE,
    ),
    Page(path=f"{_PATH}/edit", view=open_, template=_TEMPLATE, role=Role.ADMIN),
    Page(
        path=f"{_PATH}/edit",
        view=change,
        method="POST",
        template=_TEMPLATE,
        role=Role.ADMIN,
        reads_rows=True,
        room=WIDE,
    ),
]
