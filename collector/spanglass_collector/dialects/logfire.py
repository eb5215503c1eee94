"""Logfire (measured: logfire 5.2): OpenTelemetry's names on spans of its own making. Pure.

A stream makes two spans: one of the request, which ends before the first word, and a record without a length when all
has been read, with the output, the usage, and the ``duration``. The record began that long before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from spanglass import semconv
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import Dialect, Found, Phrase, Word
from spanglass_collector.provider_bodies import parameters
from spanglass_collector.usage import usage_told

SPAN_TYPE: Final = "logfire.span_type"
DURATION: Final = "duration"
REQUEST: Final = "request_data"
RAW_USAGE: Final = "gen_ai.usage.raw"
SCRUBBED: Final = "[Scrubbed due to"
"""How a value begins that Logfire took out before it was sent."""
OWN_TAG: Final = "LLM"


def is_record_of_stream(span: WireSpan) -> bool:
    """Whether the span is what Logfire writes when a stream has been read."""
    told = span.attributes
    return told.get(SPAN_TYPE) == "log" and DURATION in told and semconv.REQUEST_MODEL in told


def _text(value: Value) -> str | None:
    found = values.text(value)
    return None if found and found.startswith(SCRUBBED) else found


def _tags(value: Value) -> tuple[str, ...] | None:
    return tuple(tag for tag in values.texts(value) or () if tag != OWN_TAG) or None


def _record(span: WireSpan) -> Iterable[Found]:
    if is_record_of_stream(span):
        yield Found("duration_ns", values.seconds_as_ns(span.attributes[DURATION]))
        yield Found("parameters", {"stream": "true"})


def _request(span: WireSpan) -> Iterable[Found]:
    sent = values.from_json(span.attributes[REQUEST])
    if isinstance(sent, dict):
        yield Found("parameters", parameters(sent), (REQUEST,))


def _usage(span: WireSpan) -> Iterable[Found]:
    """What only the provider's own figures have."""
    for field, value in usage_told(span.attributes[RAW_USAGE], by_provider=True).items():
        if field not in {"input_tokens", "output_tokens"}:
            yield Found(field, value, (RAW_USAGE,))


def _response_model(span: WireSpan) -> Iterable[Found]:
    """Where there was no answer to read it from, Logfire writes the model that was asked for."""
    told = span.attributes
    if semconv.RESPONSE_ID not in told and told.get(semconv.RESPONSE_MODEL) == told.get(semconv.REQUEST_MODEL):
        yield Found("response_model", "")


LOGFIRE: Final = Dialect(
    name="logfire",
    prefixes=("logfire.",),
    words=(
        Word("session_id", "session_id", _text),
        Word("user_id", "user_id", _text),
        Word("logfire.tags", "tags", _tags),
    ),
    phrases=(
        Phrase((DURATION,), _record),
        Phrase((REQUEST,), _request),
        Phrase((RAW_USAGE,), _usage),
        Phrase((semconv.RESPONSE_MODEL,), _response_model),
    ),
)
