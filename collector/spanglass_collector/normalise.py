"""From what was sent and what it tells to the one canonical ``Span``. Pure; never raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from spanglass import semconv
from spanglass.semconv import MODEL_KINDS, Kind
from spanglass_collector.decode import Attributes, WireEvent, WireSpan
from spanglass_collector.dialects.told import Told
from spanglass_collector.messages import Message, readable, said_by, tools_called
from spanglass_collector.values import as_text, to_json
from spanglass_store.span import Cost, Event, Link, Span, Usage

PREVIEW_CHARACTERS: Final = 200
EARLIEST_NS: Final = 946_684_800_000_000_000  # the year 2000: no span is older
LATEST_AHEAD_NS: Final = 366 * 86_400_000_000_000  # a year: no client's clock is further ahead
SENT_START: Final = "spanglass.sent.start_ns"
"""Attribute that keeps a start time that cannot be true."""

ROLL_UPS: Final = frozenset({Kind.AGENT, Kind.CHAIN})
"""Kinds whose usage and cost repeat those of the calls below them."""

STATUS: Final[Mapping[int, str]] = {1: "ok", 2: "error"}
_USAGE: Final = tuple(Usage.__dataclass_fields__)
_COPIED: Final = (
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
    "time_to_first_token_ns",
)
"""Fields that are in a Span just as they were told."""


def span_from_wire(wire: WireSpan, told: Told, *, project: str, received_ns: int) -> Span:
    """The canonical span, without its cost where the client did not report one.

    ``received_ns`` stands in for a start time that cannot be true (before 2000 or more than a year ahead of it).
    """
    kind = _kind(told)
    start_ns, end_ns, marks = _times(wire, received_ns)
    is_root = not wire.parent_span_id
    inputs = _with_system(told)
    usage = Usage(**{name: getattr(told, name) for name in _USAGE})
    error = _error(wire, told)
    return Span(
        project=project,
        trace_id=wire.trace_id,
        span_id=wire.span_id,
        parent_span_id=wire.parent_span_id,
        start_ns=start_ns,
        end_ns=end_ns,
        name=wire.name,
        kind=kind,
        status=STATUS.get(wire.status_code, "unset"),
        error_type=error[0],
        error_message=error[1],
        service=as_text(wire.resource.get(semconv.SERVICE_NAME)),
        environment=_first(wire.resource, semconv.DEPLOYMENT_ENVIRONMENT, "deployment.environment"),
        release=as_text(wire.resource.get(semconv.SERVICE_VERSION)),
        input=to_json(inputs) if inputs else told.input_text,
        output=to_json(told.output_messages) if told.output_messages else told.output_text,
        input_preview=_preview(inputs, "user", told.input_text) if is_root else "",
        output_preview=_preview(told.output_messages, "assistant", told.output_text) if is_root else "",
        finish_reasons=told.finish_reasons or _finish_reasons(told.output_messages),
        tool_names=tools_called(told.output_messages) or ((told.tool_name,) if told.tool_name else ()),
        usage=usage,
        usage_counted=_is_counted(kind, usage, told),
        cost=Cost() if told.cost_usd is None else Cost(total_usd=told.cost_usd, source="reported"),
        sampling_weight=told.sampling_weight or 1.0,
        attributes=text_attributes(wire.attributes, without=told.understood) | marks,
        resource=text_attributes(wire.resource),
        scope_name=wire.scope_name,
        scope_version=wire.scope_version,
        events=tuple(Event(e.time_ns, e.name, text_attributes(e.attributes)) for e in wire.events),
        links=tuple(Link(x.trace_id, x.span_id, text_attributes(x.attributes)) for x in wire.links),
        **{name: getattr(told, name) for name in _COPIED},
    )


def text_attributes(attributes: Attributes, *, without: AbstractSet[str] = frozenset()) -> dict[str, str]:
    """Attributes as text: a string as it is, anything else as JSON."""
    return {name: as_text(value) for name, value in attributes.items() if name not in without}


def _kind(told: Told) -> Kind:
    """As told; a span that names a model and counts its tokens is a model call even when it does not say so."""
    if told.kind is not None:
        return told.kind
    names_model = told.request_model or told.response_model
    return Kind.LLM if names_model and told.input_tokens is not None else Kind.SPAN


def _is_counted(kind: Kind, usage: Usage, told: Told) -> bool:
    """Whether usage and cost of the span belong in sums: they do on a call of a model, and where the application
    itself put a cost on something else; elsewhere they repeat what the calls below have told.
    """
    if told.usage_counted is not None:
        return told.usage_counted
    tells_tokens = any(getattr(usage, name) for name in _USAGE)
    tells_total = tells_tokens or told.cost_usd is not None
    return kind in MODEL_KINDS or not (tells_total if kind in ROLL_UPS else tells_tokens)


def _times(wire: WireSpan, received_ns: int) -> tuple[int, int, dict[str, str]]:
    latest_ns = received_ns + LATEST_AHEAD_NS
    if EARLIEST_NS <= wire.start_ns <= latest_ns:
        end_ns = wire.end_ns if wire.start_ns <= wire.end_ns <= latest_ns else wire.start_ns
        return wire.start_ns, end_ns, {}
    start_ns = wire.end_ns if EARLIEST_NS <= wire.end_ns <= latest_ns else received_ns
    return start_ns, start_ns, {SENT_START: str(wire.start_ns)}


def _error(wire: WireSpan, told: Told) -> tuple[str, str]:
    """(type, message) of a failed span; both empty for any other, whatever exceptions it handled on its way."""
    if STATUS.get(wire.status_code) != "error":
        return "", ""
    exception = _last_exception(wire.events)
    type_ = told.error_type or as_text(exception.get("exception.type"))
    return type_, wire.status_message or as_text(exception.get("exception.message"))


def _last_exception(events: Sequence[WireEvent]) -> Attributes:
    return next((event.attributes for event in reversed(events) if event.name == "exception"), {})


def _first(attributes: Attributes, *names: str) -> str:
    return next((text for name in names if (text := as_text(attributes.get(name)))), "")


def _with_system(told: Told) -> Sequence[Message]:
    """The input messages, the system instructions first where they were told apart and are not among them."""
    if not told.system_parts:
        return told.input_messages
    system: Message = {"role": "system", "parts": list(told.system_parts)}
    said = readable(system)
    if any(m.get("role") == "system" and readable(m) == said for m in told.input_messages):
        return told.input_messages
    return [system, *told.input_messages]


def _preview(messages: Sequence[Message], role: str, plain: str) -> str:
    text = (said_by(messages, role) or said_by(messages, "tool")) if messages else plain
    return text[:PREVIEW_CHARACTERS]


def _finish_reasons(messages: Iterable[Message]) -> tuple[str, ...]:
    return tuple(as_text(m["finish_reason"]) for m in messages if m.get("finish_reason"))
