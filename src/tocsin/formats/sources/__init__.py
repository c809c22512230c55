"""The calls of other schedulers, each read by a module of its own; all have one shape."""

from collections.abc import Mapping

from tocsin.domain.sources.source import SourceKind
from tocsin.formats.sources import acuity, cal_com, calendly, easy_appointments, generic
from tocsin.formats.sources.shape import Format

FORMATS: Mapping[SourceKind, Format] = {
    each.kind: each
    for each in (cal_com.FORMAT, calendly.FORMAT, easy_appointments.FORMAT, acuity.FORMAT, generic.FORMAT)
}
