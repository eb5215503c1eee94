"""OpenLIT (measured: openlit 1.45): OpenTelemetry's names, and a few things nobody said. Pure.

It writes request parameters that were not sent, and counts the tokens of a stream itself where the provider did not,
without saying so. What an application gives to all its spans lies there without a namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from spanglass import semconv
from spanglass_collector import values
from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects.dialect import Dialect, Family, Found, Phrase, Word
from spanglass_collector.messages import messages_from_value

DEFAULTS: Final[Mapping[str, Any]] = {
    "seed": 0,
    "temperature": 1.0,
    "top_p": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "max_tokens": -1,
    "user": "",
}
"""Request parameters as it writes them where none was given."""
USER: Final = semconv.REQUEST_PREFIX + "user"
CALL_IDS: Final = "gen_ai.tool.call.id"
TOLD_OF_CALLS: Final = (CALL_IDS, "gen_ai.tool.args", semconv.TOOL_NAME)


def _parameters(span: WireSpan) -> Iterable[Found]:
    """Those that were given, as far as that can be told."""
    for name, invented in DEFAULTS.items():
        value = span.attributes.get(semconv.REQUEST_PREFIX + name)
        if value is not None and value != invented:
            yield Found("parameters", {name: values.as_text(value)}, (semconv.REQUEST_PREFIX + name,))


def _estimated(span: WireSpan) -> Iterable[Found]:
    """Usage of a stream that has no word of the cache: the provider's has, and an estimate has not."""
    attributes = span.attributes
    if attributes.get(semconv.REQUEST_STREAM) is True and semconv.CACHE_READ_TOKENS not in attributes:
        yield Found("input_tokens", None)
        yield Found("output_tokens", None)


def _calls(span: WireSpan) -> Iterable[Found]:
    """Tool calls with the ids that their answers name; the messages have those of the provider's list."""
    messages = messages_from_value(span.attributes.get(semconv.OUTPUT_MESSAGES), "assistant") or []
    calls = [part for message in messages for part in message["parts"] if part.get("type") == "tool_call"]
    ids = [each.strip() for each in values.as_text(span.attributes[CALL_IDS]).split(",")]
    if calls and len(calls) == len(ids):
        for call, call_id in zip(calls, ids, strict=True):
            call["id"] = call_id
        yield Found("output_messages", messages, (semconv.OUTPUT_MESSAGES, *TOLD_OF_CALLS))


OPENLIT: Final = Dialect(
    name="openlit",
    prefixes=("openlit.",),
    scopes=("openlit",),
    only_scopes=True,
    words=(
        Word("openai.response.system_fingerprint", "system_fingerprint", values.text),
        Word("openai.response.service_tier", "service_tier", values.text),
        Word(USER, "user_id", values.text),
    ),
    families=(Family("", "metadata", values.said),),
    phrases=(
        Phrase((semconv.REQUEST_PREFIX,), _parameters),
        Phrase((semconv.REQUEST_STREAM,), _estimated),
        Phrase((CALL_IDS,), _calls),
    ),
    alone=tuple(semconv.REQUEST_PREFIX + name for name in DEFAULTS),
)
