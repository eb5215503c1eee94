"""From what was sent and what it tells to the row of ``spans`` it becomes. Pure; never raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Final

from spanglass import semconv
from spanglass.semconv import MODEL_KINDS, Kind
from spanglass_collector.decode import Alike, Attributes, WireEvent, WireLink, WireSpan
from spanglass_collector.dialects.told import Told
from spanglass_collector.messages import Message, Part, messages_text, readable, said_by, tools_called
from spanglass_collector.values import as_text, to_json
from spanglass_store.rows import MAX_NANO_USD
from spanglass_store.sheet import Row

PREVIEW_CHARACTERS: Final = 200
EARLIEST_NS: Final = 946_684_800_000_000_000  # the year 2000: no span is older
LATEST_AHEAD_NS: Final = 366 * 86_400_000_000_000  # a year: no client's clock is further ahead
SENT_START: Final = "spanglass.sent.start_ns"
"""Attribute that keeps a start time that cannot be true."""
NANO_USD: Final = Decimal(10) ** 9

ROLL_UPS: Final = frozenset({Kind.AGENT, Kind.CHAIN})
"""Kinds whose usage and cost repeat those of the calls below them."""

STATUS: Final[Mapping[int, str]] = {1: "ok", 2: "error"}
TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
)
COPIED: Final = frozenset(
    {
        "session_id",
        "user_id",
        "prompt_name",
        "prompt_version",
        "tags",
        "metadata",
        "system_fingerprint",
        "service_tier",
        "response_id",
        "request_model",
        "response_model",
        "provider",
        "parameters",
        "finish_reasons",
        "time_to_first_token_ns",
        "sampling_weight",
        *TOKENS,
    }
)
"""Fields that are columns just as they were told."""


def reported_cost(cost_usd: Decimal) -> int:
    """A cost the client told, in nano-dollars."""
    return min(round(cost_usd * NANO_USD), MAX_NANO_USD)


def origin_row(wire: WireSpan | Alike, project: str) -> Row:
    """What all spans of one resource and scope have in common."""
    resource = wire.resource
    return {
        "project": project,
        "service": as_text(resource.get(semconv.SERVICE_NAME)),
        "environment": _first(
            resource, semconv.DEPLOYMENT_ENVIRONMENT, "deployment.environment", "langfuse.environment"
        ),
        "release": _first(resource, semconv.SERVICE_VERSION, "langfuse.release"),
        "resource": text_attributes(resource),
        "scope_name": wire.scope_name,
        "scope_version": wire.scope_version,
    }


def row_from_wire(wire: WireSpan, told: Told, origin: Row, *, received_ns: int) -> Row:
    """The row of a span, without its cost where the client did not report one.

    ``received_ns`` stands in for a start time that cannot be true (before 2000 or more than a year ahead of it).
    """
    row = origin.copy()
    row["trace_id"] = bytes.fromhex(wire.trace_id)
    row["span_id"] = int(wire.span_id, 16)
    parent = wire.parent_span_id
    if parent:
        row["parent_span_id"] = int(parent, 16)
    row["name"] = wire.name
    row["kind"] = kind = _kind(told)
    row |= {name: value for name, value in vars(told).items() if name in COPIED}
    start_ns, end_ns, marks = _times(wire, received_ns)
    if told.duration_ns is not None:
        start_ns = max(end_ns - told.duration_ns, EARLIEST_NS)
    row["start_time"] = start_ns
    row["duration_ns"] = end_ns - start_ns
    if attributes := _left(wire, told) | marks:
        row["attributes"] = attributes
    if status := told.status or STATUS.get(wire.status_code):
        row["status"] = status
        if status == "error":
            row["error_type"], row["error_message"] = _error(wire, told)
    _add_content(row, told, is_root=not parent)
    if not _is_counted(kind, told):
        row["usage_counted"] = False
    if told.cost_usd is not None:
        row["cost_usd"] = reported_cost(told.cost_usd)
        row["cost_source"] = "reported"
    for name, told_of in (("events", wire.events), ("links", wire.links)):
        if told_of:
            row[name] = to_json([_plain(each) for each in told_of])
    return row


def _left(wire: WireSpan, told: Told) -> dict[str, str]:
    """The attributes that are kept as they are, and the HTTP status, which has no column."""
    left = text_attributes(wire.attributes, without=told.understood)
    return {semconv.HTTP_STATUS: told.http_status, **left} if told.http_status else left


def _plain(told_of: WireEvent | WireLink) -> dict[str, object]:
    """An event or a link as the columns have it."""
    names = (name for name in told_of.__slots__ if name != "attributes")
    return {name: getattr(told_of, name) for name in names} | {"attributes": text_attributes(told_of.attributes)}


def _add_content(row: Row, told: Told, *, is_root: bool) -> None:
    """Input and output, and what can be read off them."""
    inputs = with_system(told.system_parts, told.input_messages)
    outputs = told.output_messages
    if inputs:
        row["input"] = messages_text(inputs)
    elif told.input_text:
        row["input"] = told.input_text
    if called := tools_called(outputs) or (told.tool_name and (told.tool_name,)):
        row["tool_names"] = called
    if outputs:
        row["output"] = messages_text(outputs)
        if not told.finish_reasons and (reasons := finish_reasons_in(outputs)):
            row["finish_reasons"] = reasons
    elif told.output_text:
        row["output"] = told.output_text
    if is_root:
        row["input_preview"] = preview(inputs, "user", told.input_text)
        row["output_preview"] = preview(outputs, "assistant", told.output_text)


def text_attributes(attributes: Attributes, *, without: AbstractSet[str] = frozenset()) -> dict[str, str]:
    """Attributes as text: a string as it is, anything else as JSON."""
    return {
        name: value if type(value) is str else as_text(value)
        for name, value in attributes.items()
        if name not in without
    }


def _kind(told: Told) -> Kind:
    """As told; a span that names a model and counts its tokens is a model call even when it does not say so."""
    if told.kind is not None:
        return told.kind
    names_model = told.request_model or told.response_model
    return Kind.LLM if names_model and told.input_tokens is not None else Kind.SPAN


def _is_counted(kind: Kind, told: Told) -> bool:
    """Whether usage and cost of the span belong in sums: they do on a call of a model, and where the application
    itself put a cost on something else; elsewhere they repeat what the calls below have told.
    """
    if told.usage_counted is not None:
        return told.usage_counted
    if kind in MODEL_KINDS:
        return True
    tells_tokens = any(getattr(told, name) for name in TOKENS)
    return not (tells_tokens or (kind in ROLL_UPS and told.cost_usd is not None))


def _times(wire: WireSpan, received_ns: int) -> tuple[int, int, dict[str, str]]:
    latest_ns = received_ns + LATEST_AHEAD_NS
    if EARLIEST_NS <= wire.start_ns <= latest_ns:
        end_ns = wire.end_ns if wire.start_ns <= wire.end_ns <= latest_ns else wire.start_ns
        return wire.start_ns, end_ns, {}
    start_ns = wire.end_ns if EARLIEST_NS <= wire.end_ns <= latest_ns else received_ns
    return start_ns, start_ns, {SENT_START: str(wire.start_ns)}


def _error(wire: WireSpan, told: Told) -> tuple[str, str]:
    """(type, message) of a failed span; any other has neither, whatever exceptions it handled on its way."""
    exception = _last_exception(wire.events)
    type_ = told.error_type or as_text(exception.get("exception.type"))
    return type_, wire.status_message or told.error_message or as_text(exception.get("exception.message"))


def _last_exception(events: Sequence[WireEvent]) -> Attributes:
    return next((event.attributes for event in reversed(events) if event.name == "exception"), {})


def _first(attributes: Attributes, *names: str) -> str:
    return next((text for name in names if (text := as_text(attributes.get(name)))), "")


def with_system(parts: Sequence[Part], messages: Sequence[Message]) -> Sequence[Message]:
    """The input messages, the system instructions first where they were told apart and are not among them."""
    if not parts:
        return messages
    system: Message = {"role": "system", "parts": list(parts)}
    said = readable(system)
    if any(m.get("role") == "system" and readable(m) == said for m in messages):
        return messages
    return [system, *messages]


def preview(messages: Sequence[Message], role: str, plain: str) -> str:
    """The beginning of what a person would read first: the last thing said by ``role``, else the ``plain`` text."""
    text = (said_by(messages, role) or said_by(messages, "tool")) if messages else plain
    return text[:PREVIEW_CHARACTERS]


def finish_reasons_in(messages: Iterable[Message]) -> tuple[str, ...]:
    """Why the model stopped, as the messages themselves tell it."""
    return tuple(as_text(m["finish_reason"]) for m in messages if m.get("finish_reason"))
