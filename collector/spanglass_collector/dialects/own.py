"""Our own words: what the SDK says that OpenTelemetry has no word for. Pure."""

from __future__ import annotations

from typing import Final

from spanglass import semconv
from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value
from spanglass_collector.dialects.dialect import Dialect, Family, Word


def _kind(value: Value) -> Kind | None:
    return Kind(value) if isinstance(value, str) and value in set(Kind) else None


OWN: Final = Dialect(
    name="spanglass",
    prefixes=("spanglass.",),
    words=(
        Word(semconv.SPAN_KIND, "kind", _kind),
        Word(semconv.USAGE_COUNTED, "usage_counted", values.flag),
        Word(semconv.COST_USD, "cost_usd", values.dollars),
        Word(semconv.INPUT, "input_text", values.as_text),
        Word(semconv.OUTPUT, "output_text", values.as_text),
        Word(semconv.TAGS, "tags", values.texts),
        Word(semconv.SAMPLING_WEIGHT, "sampling_weight", values.weight),
    ),
    families=(Family(semconv.METADATA_PREFIX, "metadata", values.as_text),),
)
