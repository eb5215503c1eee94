"""Spans, scores and traces as the API writes them. Pure.

Times are strings, because JavaScript loses nanoseconds as numbers. Unknown numbers are null, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from spanglass.semconv import MODEL_KINDS
from spanglass_collector.messages import messages_from_value
from spanglass_collector.values import from_json, to_json
from spanglass_store.scores import Score
from spanglass_store.span import Span

Document = dict[str, Any]

_AS_THEY_ARE = (
    "project",
    "trace_id",
    "span_id",
    "name",
    "status",
    "error_type",
    "error_message",
    "service",
    "environment",
    "release",
    "session_id",
    "user_id",
    "provider",
    "request_model",
    "response_model",
    "response_id",
    "system_fingerprint",
    "service_tier",
    "input",
    "output",
    "input_preview",
    "output_preview",
    "usage_counted",
    "prompt_name",
    "prompt_version",
    "sampling_weight",
)


def trace_document(trace_id: str, spans: Sequence[Span], scores: Iterable[Score]) -> Document:
    """``{trace_id, spans, totals, scores}``: scores of a span are on it, those of the trace or a session beside."""
    by_span: dict[str, list[Document]] = {}
    for score in scores:
        by_span.setdefault(score.span_id, []).append(score_document(score))
    shown = {span.span_id for span in spans}
    return {
        "trace_id": trace_id,
        "spans": [span_document(span, by_span.get(span.span_id, [])) for span in spans],
        "scores": [score for span_id, found in by_span.items() if span_id not in shown for score in found],
        "totals": totals(spans),
    }


def totals(spans: Sequence[Span]) -> Document:
    """Sums over the spans whose usage counts; null where none of them tells. Duration from first start to last end."""
    counted = [span for span in spans if span.usage_counted]
    duration_ns = max(s.end_ns for s in spans) - min(s.start_ns for s in spans) if spans else 0
    return {
        "cost_usd": _number(_sum(span.cost.total_usd for span in counted)),
        "input_tokens": _sum(span.usage.input_tokens for span in counted),
        "output_tokens": _sum(span.usage.output_tokens for span in counted),
        "duration_seconds": duration_ns / 1e9,
        "errors": sum(span.status == "error" for span in spans),
    }


def span_document(span: Span, scores: Sequence[Document] = ()) -> Document:
    """One span. Calls of a model also have their messages unpacked: ``input_messages``, ``output_messages``."""
    ttft = span.time_to_first_token_ns
    document: Document = {name: getattr(span, name) for name in _AS_THEY_ARE} | {
        "parent_span_id": span.parent_span_id or None,
        "kind": str(span.kind),
        "start_ns": str(span.start_ns),
        "end_ns": str(span.end_ns),
        "duration_seconds": span.duration_ns / 1e9,
        "tags": list(span.tags),
        "metadata": dict(span.metadata),
        "parameters": {name: _parameter(value) for name, value in span.parameters.items()},
        "finish_reasons": list(span.finish_reasons),
        "tool_names": list(span.tool_names),
        "usage": asdict(span.usage),
        "cost_usd": _number(span.cost.total_usd),
        "cost_source": span.cost.source,
        "cost_parts_usd": {part: _number(getattr(span.cost, f"{part}_usd")) for part in _COST_PARTS},
        "price_id": span.cost.price_id,
        "time_to_first_token_seconds": None if ttft is None else ttft / 1e9,
        "attributes": dict(span.attributes),
        "resource": dict(span.resource),
        "scope": {"name": span.scope_name, "version": span.scope_version},
        "events": [{"time_ns": str(e.time_ns), "name": e.name, "attributes": dict(e.attributes)} for e in span.events],
        "links": [{"trace_id": x.trace_id, "span_id": x.span_id, "attributes": dict(x.attributes)} for x in span.links],
        "scores": list(scores),
    }
    if span.kind in MODEL_KINDS:
        document["input_messages"] = messages_from_value(span.input, "user") or []
        document["output_messages"] = messages_from_value(span.output, "assistant") or []
    return document


_COST_PARTS = ("input", "output", "cache_read", "cache_write")


def score_document(score: Score) -> Document:
    """One score. ``value`` is a number, a boolean or a text, as it was given."""
    value: Any = score.text_value
    if score.data_type == "boolean":
        value = bool(score.value)
    elif score.value is not None:
        value = score.value
    return {
        "id": score.score_id,
        "name": score.name,
        "value": value,
        "data_type": score.data_type,
        "trace_id": score.trace_id,
        "span_id": score.span_id,
        "session_id": score.session_id,
        "source": score.source,
        "comment": score.comment,
        "evaluator_id": score.evaluator_id,
        "metadata": dict(score.metadata),
        "timestamp_ns": str(score.timestamp_ns),
    }


def _parameter(text: str) -> Any:
    """A request parameter as the JSON value it was; text that is no JSON, or that JSON writes otherwise, stays text."""
    value = from_json(text)
    return value if not isinstance(value, str) and value is not None and to_json(value) == text else text


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _sum(values: Iterable[Any]) -> Any:
    told = [value for value in values if value is not None]
    return sum(told) if told else None


def plain(rows: Iterable[Mapping[str, Any]]) -> list[Document]:
    """Rows of a query as JSON can write them: times as ISO text, nanoseconds as text, decimals and NaN as numbers or null."""
    return [
        {name: str(value) if name.endswith("_ns") else _plain(value) for name, value in row.items()} for row in rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and value != value:  # noqa: PLR0124  (NaN alone is not itself)
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
