"""Which convention speaks? Every one that does is read, and the earlier in ``DIALECTS`` wins. Pure."""

from __future__ import annotations

from typing import Any, Final

from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects.dialect import Dialect
from spanglass_collector.dialects.gen_ai import GEN_AI
from spanglass_collector.dialects.general import GENERAL
from spanglass_collector.dialects.openinference import OPENINFERENCE
from spanglass_collector.dialects.own import OWN
from spanglass_collector.dialects.told import JOINED, Told
from spanglass_collector.dialects.traceloop import TRACELOOP

DIALECTS: Final[tuple[Dialect, ...]] = (OWN, GENERAL, OPENINFERENCE, TRACELOOP, GEN_AI)
"""By falling precedence: what is said on purpose for us, then the more particular before the more common."""


def told_by(span: WireSpan) -> Told:
    """What the span's attributes and events tell, in canonical words. Never raises.

    An attribute that lost to another which says something else is not understood: it stays visible.
    """
    fields: dict[str, Any] = {}
    understood: set[str] = set()
    for dialect in DIALECTS:
        if not dialect.spoken_by(span.attributes):
            continue
        for found in dialect.found_in(span):
            if found.field in JOINED:
                fields[found.field] = {**found.value, **fields.get(found.field, {})}
            elif found.field and fields.setdefault(found.field, found.value) != found.value:
                continue
            understood.update(found.attributes)
    return Told(**fields, understood=frozenset(understood))
