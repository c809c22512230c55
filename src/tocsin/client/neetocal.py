"""NeetoCal's automation rules, as far as its API goes: create, list and delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tocsin.client.errors import UnreachableError
from tocsin.client.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """All that a list tells of a rule."""

    id: str
    name: str
    meeting_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeetoCal:
    """One workspace of NeetoCal. Its documents name no Idempotency-Key: give a session with `repeats_posts=False`."""

    session: Session

    def rules(self) -> list[ListedRule]:
        """Return all automation rules."""
        found = self.session.every("/automation-rules", "workflows")
        return [self._rule(one) for one in found]

    def create_rule(self, body: Mapping[str, Any]) -> ListedRule:
        """Create an automation rule."""
        answer = self.session.post("/automation-rules", body)
        return self._rule(answer.get("workflow") if isinstance(answer, dict) else None)

    def delete_rule(self, rule_id: str) -> None:
        """Delete an automation rule."""
        self.session.delete(f"/automation-rules/{quote(rule_id, safe='')}")

    def meetings(self) -> dict[str, str]:
        """Return the ids of all scheduling links by slug."""
        found = self.session.every("/meetings", "meetings")
        return {str(one.get("slug")): str(one.get("id")) for one in found}

    def _rule(self, wire: Any) -> ListedRule:
        try:
            return ListedRule(
                id=str(wire["id"]), name=str(wire["name"]), meeting_ids=tuple(map(str, wire["meeting_ids"]))
            )
        except (KeyError, TypeError) as error:
            raise UnreachableError(f"{self.session.url} answers without a rule; is it a NeetoCal workspace?") from error
