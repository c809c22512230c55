"""Errors as HTTP knows them: a status and a body for each class, and no default that would make a mistake a 500."""

import logging
import uuid

from tocsin.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    MalformedRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    SignatureError,
    StoreInUseError,
    TocsinError,
    TooLargeError,
    UnavailableError,
    UnsupportedMediaError,
)

log = logging.getLogger("tocsin.api")

# None: never reaches a request.
STATUS: dict[type[TocsinError], int | None] = {
    InvalidInputError: 422,
    MalformedRequestError: 400,
    AuthenticationError: 401,
    SignatureError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    UnsupportedMediaError: 415,
    RateLimitedError: 429,
    UnavailableError: 503,
    ConfigurationError: None,
    StoreInUseError: None,
}


def status_of(error: TocsinError) -> int:
    """Return the status for an error."""
    return STATUS[type(error)] or 503


def body_of(error: TocsinError) -> dict[str, object]:
    """Return the body for an error: one sentence, and where fields are at fault each of them."""
    if isinstance(error, InvalidInputError):
        sentences = [f"{problem.field}: {problem.message}" for problem in error.problems]
        fields = [{"field": problem.field, "message": problem.message} for problem in error.problems]
        return {"error": _summary(sentences), "errors": sentences, "field_errors": fields}
    return {"error": str(error)}


def headers_of(error: TocsinError) -> dict[str, str]:
    """Return the headers for an error: when to try again, if that helps."""
    if isinstance(error, RateLimitedError | UnavailableError):
        return {"Retry-After": str(error.retry_after)}
    return {}


def unforeseen(error: Exception) -> dict[str, object]:
    """Log an error that nobody foresaw under an id; return the body that names the id and nothing else of it."""
    incident = uuid.uuid4().hex[:12]
    log.error("a request failed unforeseen, incident %s", incident, exc_info=error)
    return {"error": f"something went wrong here; the log has it as incident {incident}"}


def _summary(sentences: list[str]) -> str:
    return sentences[0] if len(sentences) == 1 else f"{len(sentences)} fields are wrong: {'; '.join(sentences)}"
