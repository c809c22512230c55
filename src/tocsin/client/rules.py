"""`client.rules`: automation rules, tried, made, changed and taken back."""

from collections.abc import Iterator, Sequence
from typing import cast

from tocsin.client.calls import Calls
from tocsin.client.shapes.deliveries import Delivery
from tocsin.client.shapes.dry_run import DryRun, DryRunIn
from tocsin.client.shapes.effect import Effect, EffectIn
from tocsin.client.shapes.preview import Preview, PreviewIn
from tocsin.client.shapes.revisions import Revision
from tocsin.client.shapes.rule_set import RuleSet, RuleSetChange, RuleSetIn, RuleSetPlan
from tocsin.client.shapes.rules import FullRule, FullRuleIn, Rule, RuleIn, RulePatch
from tocsin.client.shapes.test_send import TestSendIn


class Rules(Calls):
    """Automation rules. Scopes: `rules:read`, `rules:write`."""

    __slots__ = ()

    def list(self) -> Iterator[Rule]:
        """Yield the rules as the original shows them, the newest first."""
        return self._all("workflows", "/automation-rules")

    def show(self, rule_id: str) -> FullRule:
        """Return a rule in full."""
        return self._rule("GET", "/automation-rules/{id}", rule_id)

    def create_original(self, rule: RuleIn) -> Rule:
        """Create a rule through the original's own route, and get what that answers."""
        return cast(Rule, self._part("workflow", "POST", "/automation-rules", body=rule))

    def create(self, rule: FullRuleIn) -> FullRule:
        """Create a rule with any of our actions."""
        return cast(FullRule, self._part("workflow", "POST", "/automation-rules/full", body=rule))

    def change(self, rule_id: str, changes: RulePatch) -> FullRule:
        """Change what is given; the rest stays."""
        return cast(FullRule, self._part("workflow", "PATCH", "/automation-rules/{id}", body=changes, id=rule_id))

    def enable(self, rule_id: str) -> FullRule:
        """Switch a rule on."""
        return self._rule("POST", "/automation-rules/{id}/enable", rule_id)

    def disable(self, rule_id: str) -> FullRule:
        """Switch a rule off; what waits of it is withdrawn."""
        return self._rule("POST", "/automation-rules/{id}/disable", rule_id)

    def revisions(self, rule_id: str) -> Sequence[Revision]:
        """Return what a rule was, the latest first."""
        return cast(Sequence[Revision], self._part("revisions", "GET", "/automation-rules/{id}/revisions", id=rule_id))

    def undo(self, rule_id: str, revision: int | None = None) -> FullRule:
        """Make a rule what it was before its last change, or at a revision."""
        found = self._part("workflow", "POST", "/automation-rules/{id}/undo", id=rule_id, revision=revision)
        return cast(FullRule, found)

    def delete(self, rule_id: str) -> None:
        """Delete a rule; what waits of it is withdrawn."""
        self._delete("/automation-rules/{id}", id=rule_id)

    def preview(self, rule: PreviewIn) -> Preview:
        """Return what a rule would send about a booking, or a sample; nothing is saved."""
        return cast(Preview, self._part("preview", "POST", "/automation-rules/preview", body=rule))

    def effect(self, rule: EffectIn) -> Effect:
        """Return what saving a rule would do to what is coming; nothing is saved."""
        return cast(Effect, self._part("effect", "POST", "/automation-rules/effect", body=rule))

    def dry_run(self, rule: DryRunIn) -> DryRun:
        """Return all that a rule would have sent in a window of time; nothing is saved."""
        return cast(DryRun, self._part("dry_run", "POST", "/automation-rules/dry-run", body=rule))

    def test_send(self, rule: TestSendIn) -> Sequence[Delivery]:
        """Send what a rule would send to somebody of the workspace."""
        return cast(Sequence[Delivery], self._part("deliveries", "POST", "/automation-rules/test-send", body=rule))

    def export(self) -> RuleSet:
        """Return all rules as one document."""
        return cast(RuleSet, self._ask("GET", "/automation-rules/export"))

    def plan(self, rule_set: RuleSetIn) -> RuleSetPlan:
        """Return what applying a set of rules would change."""
        return cast(RuleSetPlan, self._part("plan", "POST", "/automation-rules/plan", body=rule_set))

    def apply(self, rule_set: RuleSetChange) -> RuleSetPlan:
        """Make the rules those of a set, all or nothing."""
        return cast(RuleSetPlan, self._part("plan", "PUT", "/automation-rules", body=rule_set))

    def _rule(self, method: str, path: str, rule_id: str) -> FullRule:
        return cast(FullRule, self._part("workflow", method, path, id=rule_id))
