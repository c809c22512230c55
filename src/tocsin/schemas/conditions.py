"""Conditions of a rule on the wire: ours."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from tocsin.domain import conditions
from tocsin.domain.conditions import (
    ASK_A_QUESTION,
    IN_A_ZONE,
    MOST_CONDITIONS,
    OPERATORS,
    SORTS,
    AnyOf,
    Condition,
    Operator,
)
from tocsin.domain.text import complaint, normal
from tocsin.schemas.fields import OptionalLine, Shown, StrictlySent, Zone

_FIELDS = ", ".join(conditions.Field)
_WANTED = "give field, operator and value; or any, a list of conditions of which one is enough"


def _known_field(value: str) -> str:
    if value not in list(conditions.Field):
        raise ValueError(f"must be one of {_FIELDS}")
    return value


def _plain(value: Any) -> Any:
    """Refuse what no database keeps, and return texts in one form."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    wrong = complaint(value, limit=max(len(value), 1)) if isinstance(value, str) else None
    if wrong is not None:
        raise ValueError(wrong)
    return normal(value) if isinstance(value, str) else value


class ConditionIn(StrictlySent):
    """What must hold when a message is about to be sent: one condition, or a group of which one is enough."""

    any: Annotated[
        list["ConditionIn"] | None, Field(min_length=1, max_length=MOST_CONDITIONS, description="instead of the others")
    ] = None
    field: Annotated[str, AfterValidator(_known_field), Field(description=f"one of {_FIELDS}")] = ""
    operator: Annotated[str, Field(validate_default=True, description="which fit the field: docs/reference.md")] = ""
    question: Annotated[OptionalLine, Field(validate_default=True, description="what the form asked")] = ""
    time_zone: Annotated[Zone | None, Field(description="for weekday and hour; the workspace's if left out")] = None
    value: Annotated[Any, AfterValidator(_plain), Field(validate_default=True)] = None

    @field_validator("operator")
    @classmethod
    def _fits_the_field(cls, value: str, known: ValidationInfo) -> str:
        field = _field(known)
        fitting = [] if field is None else list(OPERATORS[SORTS[field]])
        if field is not None and value not in fitting:
            raise ValueError(f"for {field} must be one of {', '.join(fitting)}")
        return value

    @field_validator("question")
    @classmethod
    def _is_asked(cls, value: str, known: ValidationInfo) -> str:
        field = _field(known)
        if field is not None and bool(value) is not (field in ASK_A_QUESTION):
            raise ValueError(
                f"is only for {', '.join(ASK_A_QUESTION)}" if value else "is required: what the form asked"
            )
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_somewhere(cls, value: str | None, known: ValidationInfo) -> str | None:
        field = _field(known)
        if field is not None and value is not None and field not in IN_A_ZONE:
            raise ValueError(f"is only for {', '.join(sorted(IN_A_ZONE))}")
        return value

    @field_validator("value")
    @classmethod
    def _fits_the_operator(cls, value: Any, known: ValidationInfo) -> Any:
        field, operator = _field(known), known.data.get("operator")
        wrong = None if field is None or not operator else conditions.complaint(field, Operator(operator), _kept(value))
        if wrong is not None:
            raise ValueError(wrong)
        return value

    @model_validator(mode="after")
    def _is_one_or_a_group(self) -> Self:
        alone = {name for name in self.model_fields_set if getattr(self, name) not in (None, "")} - {"any"}
        if bool(self.any) is ("field" in alone) or (self.any and alone):
            raise ValueError(_WANTED)
        if any(one.any for one in self.any or []):
            raise ValueError("a group holds conditions and no other group")
        return self

    def condition(self) -> Condition | AnyOf:
        """Return the same in our words."""
        return self.alone() if self.any is None else AnyOf(conditions=tuple(one.alone() for one in self.any))

    def alone(self) -> Condition:
        """Return what is no group in our words."""
        return Condition(
            field=conditions.Field(self.field),
            operator=Operator(self.operator),
            value=_kept(self.value),
            question=self.question,
            time_zone=self.time_zone or "",
        )


def _is_none(value: object) -> bool:
    return value is None


_OPTIONAL = Field(default=None, exclude_if=_is_none)


class ConditionOut(Shown):
    """A condition, or a group; it shows what was sent, and nothing else."""

    any: list["ConditionOut"] | None = _OPTIONAL
    field: str | None = _OPTIONAL
    operator: str | None = _OPTIONAL
    question: str | None = _OPTIONAL
    time_zone: str | None = _OPTIONAL
    value: str | int | bool | list[str] | None = _OPTIONAL

    @classmethod
    def of(cls, condition: Condition | AnyOf) -> Self:
        """Return `condition` as it is shown."""
        if isinstance(condition, AnyOf):
            return cls(any=[ConditionOut.of(one) for one in condition.conditions])
        value = condition.value
        return cls(
            field=condition.field.value,
            operator=condition.operator.value,
            question=condition.question or None,
            time_zone=condition.time_zone or None,
            value=list(value) if isinstance(value, tuple) else value,
        )


def _field(known: ValidationInfo) -> conditions.Field | None:
    name = known.data.get("field")
    return conditions.Field(name) if name else None


def _kept(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
