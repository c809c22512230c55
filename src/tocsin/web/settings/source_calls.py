"""A call of a source in full: what came, what it was understood as, which booking it is about; and reading it again."""

import json

from tocsin.domain.accounts import Role
from tocsin.domain.sources.source import BODIES_KEPT_FOR
from tocsin.services import source_calls, source_reading, sources
from tocsin.services.source_calls import Inlet
from tocsin.services.source_counts import LOST
from tocsin.web.fields import Form
from tocsin.web.settings.source_words import facts
from tocsin.web.settings.sources import PRODUCTS
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

_WIDEST = 4  # times as long as it came may a body be that is set out in lines


def show(visit: Visit) -> Shown:
    """Show a call of a source."""
    secret = visit.app.pepper
    with visit.reading() as tx:
        source = sources.get(tx, visit.path["id"])
        call = source_calls.get(tx, source.id, visit.path["call"])
        body = source_calls.body_of(tx, call, secret=secret)
        told = None if body is None else source_reading.told(tx, source, call, body, secret=secret)
    return {
        "source": source,
        "product": PRODUCTS[source.kind][0],
        "call": call,
        "body": None if body is None else legible(body),
        "told": told,
        "facts": [facts(one, visit.full) for one in (told.news if told else ())],
        "is_lost": call.state in LOST,
        "kept_days": BODIES_KEPT_FOR.days,
    }


def replay(visit: Visit, _form: Form) -> Answer:
    """Read a call again, after whatever kept it from being applied was mended."""
    app, source_id, call_id = visit.app, visit.path["id"], visit.path["call"]
    inlet = Inlet(store=app.store, clock=app.clock, chance=app.chance, secret=app.pepper)
    visit.write(lambda tx: source_calls.replay(inlet, tx, source_id, call_id))
    return Goto(to=f"/settings/sources/{source_id}/calls/{call_id}", notice="replayed")


def legible(body: bytes) -> str:
    """Return a body as text: JSON set out in lines, and anything else as it came."""
    plain, found = body.decode("utf-8", "replace"), ""
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(json.loads(body)):
            found += piece
            if len(found) > _WIDEST * len(plain):  # deep in each other, a few brackets are a page of spaces each
                return plain
    except (ValueError, RecursionError):
        return plain
    return found.encode("utf-8", "backslashreplace").decode()  # half a character cannot be sent


_PATH, _TEMPLATE = "/settings/sources/{id}/calls/{call}", "settings/source_call.html"
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE),
    Page(path=f"{_PATH}/replay", view=replay, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show),
]
