"""Where rules can be kept: in the store of this installation, in a workspace behind Tocsin's API, in one of NeetoCal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from tocsin import bootstrap
from tocsin.api.rule_set import COMMANDS
from tocsin.client import ClientError, RefusedError, RuleSetPlan, Tocsin, UnreachableError
from tocsin.domain.errors import ConflictError, InvalidInputError, Problem, UnavailableError

Wire = dict[str, Any]
Told = Callable[[int, int], None]  # is given how many steps are done, and of how many


class Target(Protocol):
    """A place for rules. `caveats` say what a plan cannot tell of it."""

    @property
    def caveats(self) -> Sequence[str]:
        """What somebody has to know who reads a plan for it."""
        ...

    def plan(self, rule_set: Wire) -> RuleSetPlan:
        """Return what applying the rules would change."""
        ...

    def apply(self, rule_set: Wire, plan: RuleSetPlan, *, told: Told | None = None) -> RuleSetPlan:
        """Do what the plan says, and tell how far it is where it goes by steps.

        Raises ConflictError if it is no more what would be done.
        """
        ...

    def export(self) -> Wire:
        """Return all rules as one document."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTarget:
    """A workspace in the store of this installation, whether or not a server runs on it."""

    subdomain: str
    caveats: ClassVar[Sequence[str]] = ()

    def plan(self, rule_set: Wire) -> RuleSetPlan:
        """Return what applying the rules would change."""
        return RuleSetPlan.of(self._asked("rules plan", rule_set=rule_set)["plan"])

    def apply(self, rule_set: Wire, plan: RuleSetPlan, *, told: Told | None = None) -> RuleSetPlan:  # noqa: ARG002
        """Make the rules those of the set, all or nothing."""
        wanted = {**rule_set, "fingerprint": plan.fingerprint}
        return RuleSetPlan.of(self._asked("rules apply", rule_set=wanted)["plan"])

    def export(self) -> Wire:
        """Return all rules as one document."""
        return self._asked("rules export")

    def _asked(self, command: str, **values: Any) -> Wire:
        values["subdomain"] = self.subdomain
        found: Wire = bootstrap.administer(bootstrap.settings(), command, values, COMMANDS)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTarget:
    """A workspace behind Tocsin's API."""

    client: Tocsin
    caveats: ClassVar[Sequence[str]] = ()

    def plan(self, rule_set: Wire) -> RuleSetPlan:
        """Return what applying the rules would change."""
        with in_our_words():
            return self.client.plan_rules(rule_set)

    def apply(self, rule_set: Wire, plan: RuleSetPlan, *, told: Told | None = None) -> RuleSetPlan:  # noqa: ARG002
        """Make the rules those of the set, all or nothing."""
        with in_our_words():
            return self.client.apply_rules(rule_set, fingerprint=plan.fingerprint)

    def export(self) -> Wire:
        """Return all rules as one document."""
        with in_our_words():
            return self.client.export_rules()


@contextmanager
def in_our_words() -> Iterator[None]:
    """Raise what goes wrong between client and API as the same error that the store would give."""
    try:
        yield
    except RefusedError as error:
        if error.problems:
            raise InvalidInputError(
                Problem(field=field, message=message) for field, message in error.problems
            ) from error
        raise _OF_STATUS.get(error.status, UnavailableError)(str(error)) from error
    except UnreachableError as error:
        raise UnavailableError(str(error)) from error
    except ClientError as error:
        raise InvalidInputError.of("--url", str(error)) from error


_OF_STATUS: Mapping[int, type[ConflictError | UnavailableError]] = {409: ConflictError}
