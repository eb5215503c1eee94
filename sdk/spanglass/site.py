"""What is known of a span before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from opentelemetry.trace import SpanKind

from spanglass import semconv
from spanglass.content import readers
from spanglass.context import NOTHING
from spanglass.guard import warn_once

if TYPE_CHECKING:
    from collections.abc import Mapping

KindName = Literal[
    "llm", "embedding", "rerank", "retriever", "tool", "agent", "chain", "guardrail", "evaluator", "prompt", "span"
]
"""The values of ``semconv.Kind``, as text."""


class Site:
    """Where spans of one name come from: made once for a decorated function, a block's name, a client."""

    __slots__ = ("constants", "kind", "name", "read_input", "read_output", "span_kind")

    def __init__(self, name: str, kind: str, constants: Mapping[str, Any] = NOTHING) -> None:
        try:
            self.kind = semconv.Kind(kind)
        except ValueError:
            warn_once(f"kind {kind}", "spanglass: %r is no kind of span; %r is recorded as 'span'", kind, name)
            self.kind = semconv.Kind.SPAN
        self.name = name
        self.span_kind = SpanKind.CLIENT if self.kind in semconv.MODEL_KINDS else SpanKind.INTERNAL
        self.read_input, self.read_output = readers(self.kind)
        operation = semconv.OPERATION_OF_KIND.get(self.kind)
        self.constants: Mapping[str, Any] = {
            semconv.SPAN_KIND: self.kind.value,
            **({semconv.OPERATION_NAME: operation} if operation else {}),
            **({semconv.TOOL_NAME: name} if self.kind is semconv.Kind.TOOL else {}),
            **constants,
        }
