"""OpenTelemetry GenAI's events, where they are events of a span and not log records. Pure.

They fill in what the span's own attributes leave out. Read last: attributes say it better.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from spanglass import semconv
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import EVENT, Dialect, Found, Phrase
from spanglass_collector.message_events import ROLES, attributes_of_event
from spanglass_collector.messages import messages_from_value, parts_from_value

DETAILS: Final = "gen_ai.client.inference.operation.details"
"""One event with all that was said (from v1.37 on)."""


def _details(span: WireSpan) -> Iterable[Found]:
    for event in span.events:
        if event.name == DETAILS:
            told = event.attributes
            yield from _said(told.get(semconv.INPUT_MESSAGES), told.get(semconv.OUTPUT_MESSAGES))
            if parts := parts_from_value(told.get(semconv.SYSTEM_INSTRUCTIONS)):
                yield Found("system_parts", parts)


def _messages(span: WireSpan) -> Iterable[Found]:
    """An event a message (v1.28 to v1.36)."""
    told: dict[str, list[Value]] = {semconv.INPUT_MESSAGES: [], semconv.OUTPUT_MESSAGES: []}
    for event in span.events:
        if event.name in ROLES:
            for name, value in attributes_of_event(event.name, None, event.attributes).items():
                if name in told and isinstance(value, list):
                    told[name] += value
    yield from _said(told[semconv.INPUT_MESSAGES], told[semconv.OUTPUT_MESSAGES])


def _said(inputs: Value, outputs: Value) -> Iterable[Found]:
    for field, value, role in (("input_messages", inputs, "user"), ("output_messages", outputs, "assistant")):
        if messages := messages_from_value(value, role):
            yield Found(field, messages)


GEN_AI_EVENTS: Final = Dialect(
    name="gen_ai events",
    prefixes=(EVENT + "gen_ai.",),
    phrases=(
        Phrase((EVENT + DETAILS,), _details),
        Phrase(tuple(EVENT + name for name in ROLES), _messages),
    ),
)
