"""A workspace of NeetoCal as a place for rules, as far as its API goes: it creates, lists and deletes, one rule at a time.

A list tells only name and meetings of a rule, so a plan can compare nothing else; and nothing can be changed, only made anew.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tocsin.client import ClientError, NeetoCal, RuleSetPlan, RuleStep
from tocsin.client.neetocal import ListedRule
from tocsin.domain.errors import ConflictError, InvalidInputError, Problem, UnavailableError
from tocsin.domain.templates import VARIABLES, Variable, parse
from tocsin.rules_as_code.targets import Told, in_our_words
from tocsin.schemas.differences import leaves
from tocsin.schemas.reading import read
from tocsin.schemas.rule_set import RuleSetEntry, RuleSetIn

Wire = dict[str, Any]

# What its documents name; see docs/rules-as-code.md.
EVENTS = (
    "marked_no_show",
    "booking_confirmed",
    "booking_rescheduled",
    "booking_cancelled",
    "before_meeting_starts",
    "after_meeting_ends",
    "meeting_outcome_changed",
)
ACTION = "send_calendar_invite_to_anyone"
TEXTS = ("email_subject", "email_body", "calendar_invite_subject", "calendar_invite_body")
THEIR_VARIABLES = tuple(VARIABLES)[:12]

CAVEATS = (
    "NeetoCal lists only the names and meetings of its rules. One with the same name and meetings counts as unchanged,",
    "whatever its event, actions and texts are; to have it made anew, give it another name in the file. NeetoCal cannot change",
    "a rule: one whose meetings differ (±) is created anew and the old one deleted, with --replace only. Steps are done one by",
    "one; the first that fails ends it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A rule of the file, with the ids of its meetings, and the rule there that has its name."""

    body: Wire
    there: ListedRule | None

    @property
    def change(self) -> str:
        """What has to be done for it."""
        if self.there is None:
            return "create"
        return "keep" if set(self.there.meeting_ids) == set(self.body["meeting_ids"]) else "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeetoCalTarget:
    """A workspace of NeetoCal. With `replaces`, a rule whose meetings differ is created anew and the old one deleted."""

    client: NeetoCal
    replaces: bool
    caveats: ClassVar[Sequence[str]] = CAVEATS

    def plan(self, rule_set: Wire) -> RuleSetPlan:
        """Return what applying the rules would change, as far as that can be seen."""
        with in_our_words():
            slugs = self.client.meetings()
            wanted, gone, fingerprint = self._compared(rule_set, slugs)
        steps = [_step(one, slugs) for one in wanted if one.change != "keep"]
        steps += [RuleStep(change="delete", id=one.id, name=one.name, event="", fields=()) for one in gone]
        return RuleSetPlan(
            fingerprint=fingerprint,
            to_create=sum(one.change == "create" for one in wanted),
            to_change=sum(one.change == "replace" for one in wanted),
            to_delete=len(gone),
            unchanged=sum(one.change == "keep" for one in wanted),
            steps=tuple(steps),
        )

    def apply(self, rule_set: Wire, plan: RuleSetPlan, *, told: Told | None = None) -> RuleSetPlan:
        """Do one step after the other, and stop at the first that fails. Raises UnavailableError saying what was done."""
        with in_our_words():
            wanted, gone, fingerprint = self._compared(rule_set, self.client.meetings())
        if fingerprint != plan.fingerprint:
            raise ConflictError("the rules were changed since the plan was made; plan again and look at it")
        replaced = [one.body["name"] for one in wanted if one.change == "replace"]
        if replaced and not self.replaces:
            names = ", ".join(replaced)
            raise ConflictError(
                f"NeetoCal cannot change {names}; with --replace they are created anew and the old ones deleted"
            )
        steps = 2 * plan.to_change + plan.to_create + plan.to_delete
        _Work(client=self.client, steps=steps, told=told).run(wanted, gone)
        return plan

    def export(self) -> Wire:
        """Refuse: what rules there do cannot be read."""
        raise InvalidInputError.of(
            "--neetocal", "NeetoCal's API does not tell what a rule does, so there is nothing to export; keep the file"
        )

    def _compared(self, rule_set: Wire, slugs: Mapping[str, str]) -> tuple[list[_Wanted], list[ListedRule], str]:
        bodies = _with_ids(_checked(rule_set), slugs)
        present = self.client.rules()
        seen = hashlib.sha256(repr([present, bodies]).encode()).hexdigest()[:32]
        return *_paired(bodies, present), seen


@dataclass(slots=True, kw_only=True)
class _Work:
    """What is done at NeetoCal, and how far it has got."""

    client: NeetoCal
    steps: int
    told: Told | None
    done: dict[str, int] = field(default_factory=lambda: {"created": 0, "deleted": 0})

    def run(self, wanted: Sequence[_Wanted], gone: Sequence[ListedRule]) -> None:
        for one in wanted:
            if one.change != "keep":
                # The new one first: in between there are two, and never none.
                self._create(one.body)
            if one.change == "replace" and one.there is not None:
                self._delete(one.there)
        for rule in gone:
            self._delete(rule)

    def _create(self, body: Wire) -> None:
        try:
            self.client.create_rule(body)
        except ClientError as error:
            raise self._stopped(f"creating {body['name']}", error) from error
        self._did("created")

    def _delete(self, rule: ListedRule) -> None:
        try:
            self.client.delete_rule(rule.id)
        except ClientError as error:
            raise self._stopped(f"deleting {rule.name}", error) from error
        self._did("deleted")

    def _did(self, what: str) -> None:
        self.done[what] += 1
        if self.told is not None:
            self.told(sum(self.done.values()), self.steps)

    def _stopped(self, doing: str, error: ClientError) -> UnavailableError:
        so_far = ", ".join(f"{number} {what}" for what, number in self.done.items())
        return UnavailableError(f"stopped at {doing}: {error}; before that {so_far}; plan again to see what is left")


def _step(one: _Wanted, slugs: Mapping[str, str]) -> RuleStep:
    meetings = _named(one.body["meeting_ids"], slugs)
    if one.there is None:
        leaves_of = {"meetings": meetings, "actions": one.body["actions"]}
        fields = [{"field": path, "old": None, "new": value} for path, value in leaves(leaves_of)]
    else:
        fields = [{"field": "meetings", "old": _named(one.there.meeting_ids, slugs), "new": meetings}]
    rule_id = None if one.there is None else one.there.id
    return RuleStep(change=one.change, id=rule_id, name=one.body["name"], event=one.body["event"], fields=tuple(fields))


def _named(ids: Iterable[str], slugs: Mapping[str, str]) -> list[str]:
    names = {identity: slug for slug, identity in slugs.items()}
    return [names.get(one, one) for one in ids]


def _paired(bodies: Sequence[Wire], present: Sequence[ListedRule]) -> tuple[list[_Wanted], list[ListedRule]]:
    """Return the wanted rules with those there of the same name, those with the same meetings first, and who is left."""
    by_name: defaultdict[str, list[ListedRule]] = defaultdict(list)
    for rule in present:
        by_name[rule.name].append(rule)
    there: dict[int, ListedRule] = {}
    for must_be_same in (True, False):
        for place, body in enumerate(bodies):
            fit = [
                rule
                for rule in by_name[body["name"]]
                if not must_be_same or set(rule.meeting_ids) == set(body["meeting_ids"])
            ]
            if fit and place not in there:
                there[place] = fit[0]
                by_name[body["name"]].remove(fit[0])
    left = [rule for rule in present if any(rule is one for one in by_name[rule.name])]
    return [_Wanted(body=body, there=there.get(place)) for place, body in enumerate(bodies)], left


def _checked(rule_set: Wire) -> list[RuleSetEntry]:
    """Return the rules of a file that hold nothing of our own. Raises InvalidInputError naming each field that does."""
    entries = read(RuleSetIn, rule_set).rules
    wrong = [
        Problem(field=f"rules[{place}]{path}", message=message)
        for place, entry in enumerate(entries)
        for path, message in _own(entry)
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return entries


def _own(entry: RuleSetEntry) -> Iterator[tuple[str, str]]:
    """Yield what NeetoCal would not take, or would take for something else."""
    said = entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if not entry.name:
        yield ".name", "is required for NeetoCal: nothing else tells its rules apart"
    if entry.event not in EVENTS:
        yield ".event", f"NeetoCal has no {entry.event}; its events are {', '.join(EVENTS)}"
    for name, value in said.items():
        if name not in {"name", "event", "meetings", "actions"} and value not in ([], None):
            yield f".{name}", "is Tocsin's own, and NeetoCal has nothing like it; take it out"
    for number, action in enumerate(said["actions"]):
        for path, message in _own_of_action(action):
            yield f".actions[{number}]{path}", message


def _own_of_action(action: Wire) -> Iterator[tuple[str, str]]:
    if action["type"] != ACTION:
        yield ".type", f"NeetoCal has no {action['type']}; its only action is {ACTION}"
        return
    for name in (name for name in action if name not in {"type", "emails", *TEXTS}):
        yield f".{name}", "is Tocsin's own, and NeetoCal has nothing like it; take it out"
    for number, email in enumerate(action["emails"]):
        if "{{" in email:
            yield f".emails[{number}]", "NeetoCal takes addresses only"
    for name in TEXTS:
        used = [piece.name for piece in parse(action.get(name) or "") if isinstance(piece, Variable)]
        for variable in dict.fromkeys(used):
            if variable not in THEIR_VARIABLES:
                yield f".{name}", f"NeetoCal has no {{{{{variable}}}}}; it knows {', '.join(THEIR_VARIABLES)}"


def _with_ids(entries: Sequence[RuleSetEntry], slugs: Mapping[str, str]) -> list[Wire]:
    """Return the bodies to send. Raises InvalidInputError for meetings that are not there."""
    known = {identity: identity for identity in slugs.values()} | dict(slugs)
    wrong = [
        Problem(
            field=f"rules[{place}].meetings[{number}]", message=f"there is no meeting with the slug or id {name} there"
        )
        for place, entry in enumerate(entries)
        for number, name in enumerate(entry.meeting_ids)
        if name not in known
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return [_body(entry, known) for entry in entries]


def _body(entry: RuleSetEntry, known: Mapping[str, str]) -> Wire:
    said = entry.model_dump(mode="json", include={"event", "actions", "name"})
    actions = [{name: action[name] for name in ("type", "emails", *TEXTS)} for action in said["actions"]]
    meeting_ids = list(dict.fromkeys(known[name] for name in entry.meeting_ids))
    return {"event": entry.event, "meeting_ids": meeting_ids, "actions": actions, "name": entry.name}
