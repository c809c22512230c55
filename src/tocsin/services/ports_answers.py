"""What answers to repeated requests need from the store: a part of `ports.Transaction`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a face answered: a status of its own, and JSON text."""

    status: int
    body: str


class Answers(Protocol):
    """What was answered to requests with an Idempotency-Key."""

    def get(self, key: str) -> tuple[str, Answer] | None: ...
    def put(self, key: str, digest: str, answer: Answer, *, now: datetime) -> None: ...


class AnswerTables(Protocol):
    """The answers of one workspace."""

    @property
    def answers(self) -> Answers: ...
