"""What other schedulers know, page by page, each read by a module of its own; all have one shape.

A source of a kind that is not in the table cannot be asked.
"""

from collections.abc import Mapping

from tocsin.domain.sources.source import Access, SourceKind
from tocsin.formats.sources.looks import acuity, cal_com, calendly, easy_appointments
from tocsin.formats.sources.looks.shape import Looker

LOOKERS: Mapping[SourceKind, Looker] = {
    each.kind: each for each in (easy_appointments.LOOKER, acuity.LOOKER, cal_com.LOOKER, calendly.LOOKER)
}
# Their sources cannot be without a key.
ALWAYS = frozenset(kind for kind, looker in LOOKERS.items() if looker.is_always_able)


def can_look(kind: SourceKind, access: Access) -> bool:
    """Tell whether a source with this access can be asked what it knows."""
    return kind in LOOKERS and (kind in ALWAYS or bool(access.api_token))
