"""LiteLLM's own OpenTelemetry callback (measured: litellm 1.106). Pure.

Each call makes a span ``litellm_request``, which is the call, and one below it with what went to the provider and came
back, value by value and as Python writes it (``llm.<provider>.<name>``): a detail, whose numbers are not read. Inside
an application's span the first of the two is that span itself, and each further call overwrites it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from spanglass import semconv
from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import Dialect, Found, Phrase, Word
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.message_parts import tool_calls_of
from spanglass_collector.messages import messages_from_value
from spanglass_collector.provider_bodies import answered, asked
from spanglass_collector.python_repr import from_repr

RAW: Final = "llm."
CALL_ID: Final = "litellm.call_id"
STREAMING: Final = "llm.is_streaming"
COMPLETION: Final = "gen_ai.completion."
METADATA: Final = "metadata."
ANSWER: Final = frozenset(
    {
        *("id", "object", "created", "model", "type", "role", "choices", "content", "candidates", "moderation"),
        *("stop_reason", "stop_sequence", "stop_details", "container", "context_management"),
        *("service_tier", "system_fingerprint", "usage", "usage_metadata", "extra_body", "extra_headers"),
    }
)
"""Names of a raw span that are of the answer, or of nothing that was asked for."""


def _stream(value: Value) -> dict[str, str] | None:
    streamed = values.flag(value)
    return None if streamed is None else {"stream": values.as_text(streamed)}


def _invented(span: WireSpan) -> Iterable[Found]:
    """Ids of LiteLLM's own where the provider gave none, and of a stream the model that was asked for."""
    attributes = span.attributes
    if attributes.get(semconv.RESPONSE_ID) == attributes.get(CALL_ID):
        yield Found("response_id", "")
    same_model = attributes.get(semconv.RESPONSE_MODEL) == attributes.get(semconv.REQUEST_MODEL)
    if values.flag(attributes.get(STREAMING)) and same_model:
        yield Found("response_model", "")


def _calls(span: WireSpan) -> Iterable[Found]:
    """Tool calls, which the messages leave out: numbered, a call each."""
    listed, names = tree(span.attributes, COMPLETION)
    calls = [
        {"function": each["function_call"]} for each in listed if isinstance(each, dict) and "function_call" in each
    ]
    if calls:
        messages = messages_from_value(span.attributes.get(semconv.OUTPUT_MESSAGES), "assistant") or [
            {"role": "assistant", "parts": []}
        ]
        last = messages[-1]
        completed = {**last, "parts": [*last["parts"], *tool_calls_of(calls)]}
        yield Found("output_messages", [*messages[:-1], completed], (*names, semconv.OUTPUT_MESSAGES))


def _raw(span: WireSpan) -> Iterable[Found]:
    """What went to the provider and came back. Usage is left to the span above, which has it of the provider too."""
    if semconv.REQUEST_MODEL in span.attributes:
        return
    body: dict[str, Any] = {}
    names: list[str] = []
    for name, value in span.attributes.items():
        key = name.removeprefix(RAW).partition(".")[2]
        if name.startswith(RAW) and key and value != "":
            parsed = from_repr(value) if isinstance(value, str) and value[:1] in {"[", "{"} else None
            body[key] = value if parsed is None else parsed
            names.append(name)
    request = {key: value for key, value in body.items() if key not in ANSWER}
    told = asked(request)
    told |= {field: value for field, value in answered(body).items() if not field.endswith("_tokens")}
    if "response_id" not in told and (model := values.text(body.get("model"))):
        told = {**told, "request_model": model, "response_model": ""}
    if told:
        yield Found("kind", Kind.EMBEDDING if "input" in body and "messages" not in body else Kind.LLM)
        kept = tuple(name for name in names if not name.endswith((".usage", ".created", ".object")))
        yield from (Found(field, value, kept) for field, value in told.items())
    if user := values.text(body.get("user")):
        yield Found("user_id", user)


def _empty(span: WireSpan) -> Iterable[Found]:
    """The thirty names of a proxy's metadata that have nothing to say outside of one."""
    names = tuple(name for name, value in span.attributes.items() if value == "" and name.startswith(METADATA))
    if names:
        yield Found("", None, names)


LITELLM: Final = Dialect(
    name="litellm",
    prefixes=("litellm.",),
    scopes=("litellm",),
    words=(
        Word(STREAMING, "parameters", _stream),
        Word("error.message", "error_message", values.text),
    ),
    phrases=(
        Phrase((CALL_ID,), _invented),
        Phrase((COMPLETION,), _calls),
        Phrase((RAW,), _raw),
        Phrase((METADATA,), _empty),
    ),
)
