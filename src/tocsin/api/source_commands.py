"""The operator's commands about sources, in the API's own shapes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tocsin.api import sources as face
from tocsin.bootstrap import App
from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.model import Workspace
from tocsin.schemas.reading import read
from tocsin.schemas.sources import CallOut, LookOut, SourceIn
from tocsin.services import source_calls, source_looks, sources
from tocsin.services.ports import Page, Transaction

Wire = dict[str, Any]

_SHOWN = 100  # calls; the API has pages


def _create(app: App, values: Wire) -> Wire:
    wanted = read(SourceIn, values["source"])
    with _writing(app, values) as (workspace, tx):
        return face.made(app, workspace, tx, wanted).wire()


def _list(app: App, values: Wire) -> list[Wire]:
    workspace = app.office.workspace(values)
    with app.store.reading(workspace.id) as tx:
        return [one.wire() for one in face.listed(app, workspace, tx)]


def _show(app: App, values: Wire) -> Wire:
    workspace = app.office.workspace(values)
    with app.store.reading(workspace.id) as tx:
        return face.shown(app, workspace, tx, sources.get(tx, values["id"])).wire()


def _delete(app: App, values: Wire) -> Wire:
    with _writing(app, values) as (_, tx):
        sources.delete(tx, values["id"])
    return {"deleted": values["id"]}


def _look(app: App, values: Wire) -> Wire:
    with _writing(app, values) as (_, tx):
        return LookOut.of(source_looks.look_now(tx, values["id"], now=app.clock())).wire()


def _calls(app: App, values: Wire) -> list[Wire]:
    with app.store.reading(app.office.workspace(values).id) as tx:
        found, _ = source_calls.page(tx, values["id"], Page(size=_SHOWN), state=values["state"])
    return [CallOut.of(one).wire() for one in found]


def _call(app: App, values: Wire) -> Wire:
    with app.store.reading(app.office.workspace(values).id) as tx:
        return face.whole(app, tx, source_calls.get(tx, values["id"], values["call_id"])).wire()


def _replay(app: App, values: Wire) -> Wire:
    with _writing(app, values) as (_, tx):
        done = source_calls.replay(face.inlet_of(app), tx, values["id"], values["call_id"])
    app.bell.set()
    return CallOut.of(done).wire()


@contextmanager
def _writing(app: App, values: Wire) -> Iterator[tuple[Workspace, Transaction]]:
    workspace = app.office.workspace(values)
    with app.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        yield workspace, tx


COMMANDS: Mapping[str, Callable[[App, Wire], Any]] = {
    "source create": _create,
    "source list": _list,
    "source show": _show,
    "source delete": _delete,
    "source look": _look,
    "source calls": _calls,
    "source call": _call,
    "source replay": _replay,
}
