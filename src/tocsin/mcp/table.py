"""All tools: which of them a key is offered, and how one is called."""

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domain.errors import InvalidInputError, NotFoundError, Problem, TocsinError
from tocsin.logs import refusals
from tocsin.mcp import bookings, deliveries, rules, trials
from tocsin.mcp.marks import NOTICE, UNTRUSTED
from tocsin.mcp.tool import Caller, Tool, Wire
from tocsin.schemas.problems import body_of, unforeseen
from tocsin.schemas.reading import read

INSTRUCTIONS = (
    "Tocsin sends calendar invites and mail by automation rules: when an event happens to a booking on these scheduling "
    f"links, write to these people. {NOTICE} Before you save a rule, preview it and let your user confirm it."
)
TOOLS: tuple[Tool, ...] = (*rules.TOOLS, *trials.TOOLS, *bookings.TOOLS, *deliveries.TOOLS)
_BY_NAME = {tool.name: tool for tool in TOOLS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model is told."""

    body: Wire
    is_error: bool = False


def offered(caller: Caller) -> list[Tool]:
    """Return the tools that the caller's key may use."""
    return [tool for tool in TOOLS if all(caller.may(scope) for scope in tool.scopes)]


def called(caller: Caller, name: str, arguments: Mapping[str, object]) -> Answer:
    """Call a tool; whatever goes wrong is told as one sentence, and nothing is half done."""
    try:
        return _called(caller, name, arguments)
    except TocsinError as error:
        refusals.because(error)
        return Answer(body=body_of(error), is_error=True)
    except Exception as error:  # noqa: BLE001  the top of a call: each error has its answer
        return Answer(body=unforeseen(error), is_error=True)


def _called(caller: Caller, name: str, arguments: Mapping[str, object]) -> Answer:
    tool = _BY_NAME.get(name)
    if tool is None:
        raise NotFoundError(f"there is no such tool; there are {', '.join(one.name for one in offered(caller))}")
    caller.must(*tool.scopes)
    known = tool.schema()["properties"]
    unknown = [one for one in arguments if one not in known]
    if unknown:
        names = ", ".join(known) or "none"
        raise InvalidInputError(
            [Problem(field=one[:100], message=f"is no argument; there are {names}") for one in unknown]
        )
    told = tool.run(caller, read(tool.takes, arguments, context=caller.context))
    body = {"note": told.note} if told.note else {}
    if UNTRUSTED in str(told.body):
        body["about_untrusted_text"] = NOTICE
    return Answer(body=body | told.body)
