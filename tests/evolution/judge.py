"""Evolution's calendar, asked by lines of JSON: a program of its own, for the system's Python, which has the bindings.

Who reads the iCalendar text, compares UIDs and decides what an iTIP message does is Evolution Data Server, in a process
of its own; nothing of that is decided here, and nothing of Tocsin is known. It needs a session bus.

    {"op": "receive", "ics": BASE64, "prefix": "7."}    takes one iTIP message, {} is the answer
    {"op": "holds", "prefix": "7."}                     {"held": [{"uid": ..., "starts_at": "20270614T100000Z", ...}]}
    {"op": "clear", "prefix": "7."}                     removes what it holds, {} is the answer

What Evolution refuses is answered with {"error": ...}. There is one calendar only, because making others hangs at times;
the prefix, put before each UID after Evolution's parser has read the message, keeps the calendars of many people apart.
"""

import base64
import json
import signal
import sys
from typing import Any

import gi

gi.require_versions({"ECal": "2.0", "EDataServer": "1.2", "ICalGLib": "3.0"})
from gi.repository import ECal, EDataServer, GLib, ICalGLib  # noqa: E402  the versions have to be named before

# An answer takes milliseconds. If Evolution hangs, this process ends of SIGALRM, and whoever asked sees that.
_LIMIT_S = 60
_DO_NOT_WAIT = 0xFFFFFFFF  # for a backend's word that it is online: a local calendar never says it


def main() -> None:
    """Answer each line of the standard input with a line, until there are no more."""
    signal.alarm(_LIMIT_S)
    calendar = _opened()
    signal.alarm(0)
    for line in sys.stdin:
        signal.alarm(_LIMIT_S)
        sys.stdout.write(json.dumps(_answer(calendar, json.loads(line))) + "\n")
        sys.stdout.flush()
        signal.alarm(0)


def _opened() -> Any:
    registry = EDataServer.SourceRegistry.new_sync(None)
    source = registry.ref_builtin_calendar()
    return ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, _DO_NOT_WAIT, None)


def _answer(calendar: Any, order: dict[str, str]) -> dict[str, Any]:
    try:
        match order["op"]:
            case "receive":
                _receive(calendar, base64.b64decode(order["ics"]).decode(), order["prefix"])
                return {}
            case "holds":
                return {"held": [_shown(event, order["prefix"]) for event in _held(calendar, order["prefix"])]}
            case "clear":
                _clear(calendar, order["prefix"])
                return {}
        return {"error": f"op is receive, holds or clear, not {order['op']}"}
    except GLib.Error as error:
        return {"error": error.message}


def _receive(calendar: Any, text: str, prefix: str) -> None:
    message = ICalGLib.Component.new_from_string(text)
    event = message.get_first_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)
    if event.get_uid() is not None:
        event.set_uid(prefix + event.get_uid())
    calendar.receive_objects_sync(message, ECal.OperationFlags.NONE, None)


def _held(calendar: Any, prefix: str) -> list[Any]:
    _, events = calendar.get_object_list_sync("#t", None)
    return [event for event in events if event.get_uid().startswith(prefix)]


def _clear(calendar: Any, prefix: str) -> None:
    for event in _held(calendar, prefix):
        calendar.remove_object_sync(event.get_uid(), None, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)


def _shown(event: Any, prefix: str) -> dict[str, str]:
    return {
        "uid": event.get_uid().removeprefix(prefix),
        "starts_at": event.get_dtstart().as_ical_string(),
        "ends_at": event.get_dtend().as_ical_string(),
        "summary": event.get_summary() or "",
        "description": event.get_description() or "",
        "location": event.get_location() or "",
        "host": _host(event),
    }


def _host(event: Any) -> str:
    organizer = event.get_first_property(ICalGLib.PropertyKind.ORGANIZER_PROPERTY)
    name = organizer and organizer.get_first_parameter(ICalGLib.ParameterKind.CN_PARAMETER)
    return name.get_cn() if name else ""


if __name__ == "__main__":
    main()
