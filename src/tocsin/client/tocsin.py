"""Rules as a whole, as plans that the command line prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tocsin.client.errors import UnreachableError
from tocsin.client.rules import Rules
from tocsin.client.session import Session

RuleSet = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStep:
    """What becomes of one rule: `create`, `change` or `delete`. `fields` are dicts with `field`, `old` and `new`."""

    change: str
    id: str | None
    name: str
    event: str
    fields: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetPlan:
    """What a set of rules would change, or has changed."""

    fingerprint: str
    to_create: int
    to_change: int
    to_delete: int
    unchanged: int
    steps: tuple[RuleStep, ...]

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> "RuleSetPlan":
        """Return the plan in an answer; what a newer server says beyond that is left out."""
        steps = [RuleStep(**{name: one[name] for name in RuleStep.__slots__}) for one in wire["steps"]]
        numbers = {name: wire[name] for name in ("to_create", "to_change", "to_delete", "unchanged")}
        return cls(fingerprint=wire["fingerprint"], steps=tuple(steps), **numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tocsin:
    """One workspace of a Tocsin."""

    session: Session

    def export_rules(self) -> dict[str, Any]:
        """Return all automation rules as one document."""
        found: object = Rules(self.session).export()
        if not isinstance(found, dict) or "rules" not in found:
            raise UnreachableError(f"{self.session.url} answers without rules; is it the address of a Tocsin?")
        return found

    def plan_rules(self, rule_set: RuleSet) -> RuleSetPlan:
        """Return what applying a set of rules would change."""
        return self._plan(Rules(self.session).plan(cast(Any, rule_set)))

    def apply_rules(self, rule_set: RuleSet, *, fingerprint: str = "") -> RuleSetPlan:
        """Make the rules those of a set, all or nothing; refused (409) if they are no more those of the plan."""
        return self._plan(Rules(self.session).apply(cast(Any, {**rule_set, "fingerprint": fingerprint})))

    def _plan(self, answer: Mapping[str, Any]) -> RuleSetPlan:
        try:
            return RuleSetPlan.of(answer)
        except (KeyError, TypeError) as error:
            raise UnreachableError(
                f"{self.session.url} answers without a plan; is it the address of a Tocsin?"
            ) from error
