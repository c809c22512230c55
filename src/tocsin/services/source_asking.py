"""Asking another product: what it answers as values, and what is wrong if it does not."""

import json
from collections.abc import Sequence

from tocsin.formats.sources.shape import Answers, Question
from tocsin.services.ports_sources import Fetch, Fetched


class AwayError(Exception):
    """The other product did not answer as it should. `for_good`: asking again would not help."""

    def __init__(self, sentence: str, *, for_good: bool) -> None:
        super().__init__(sentence)
        self.for_good = for_good


def asked(questions: Sequence[Question], fetch: Fetch) -> Answers:
    """Return what is answered to questions, by name; None: there is no such thing. Raises AwayError."""
    return {question.name: _answer(_fetched(question, fetch)) for question in questions}


def _fetched(question: Question, fetch: Fetch) -> Fetched:
    if question.headers:
        return fetch(question.url, question.authorization, dict(question.headers))
    return fetch(question.url, question.authorization)


def _answer(fetched: Fetched) -> object:
    if fetched.status == 404:
        return None
    if fetched.status in (401, 403):
        raise AwayError("the other product refuses the key that it is asked with; make the source anew", for_good=True)
    found = _decoded(fetched.body) if fetched.status == 200 else None
    if found is None:
        what = fetched.trouble or f"it answered {fetched.status}"
        raise AwayError(f"the other product could not be asked: {what}", for_good=False)
    return found


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
