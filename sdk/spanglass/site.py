"""What is known of a span before it starts."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON
from opentelemetry.trace import SpanKind, TraceFlags

from spanglass import semconv
from spanglass.content import readers
from spanglass.context import NOTHING
from spanglass.guard import warn_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.sdk.trace import Tracer

    from spanglass.provider import Taker
    from spanglass.settings import Settings

KindName = Literal[
    "llm", "embedding", "rerank", "retriever", "tool", "agent", "chain", "guardrail", "evaluator", "prompt", "span"
]
"""The values of ``semconv.Kind``, as text."""

_KEEP_EVERY_SPAN: Final = (DEFAULT_ON, ALWAYS_ON)


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


class Recorder:
    """What every span needs of its tracer and of the settings, looked up once."""

    __slots__ = (
        "alone",
        "capture",
        "keeps_every_span",
        "max_bytes",
        "new_span_id",
        "new_trace_id",
        "processors",
        "take",
        "trace_flags",
        "tracer",
    )

    def __init__(self, settings: Settings, tracer: Tracer, taker: Taker | None = None, relay: object = None) -> None:
        """``taker``: where spans go when ``relay`` is all that listens at the tracer's provider."""
        self.tracer = tracer
        self.capture = settings.capture_content
        self.max_bytes = settings.max_content_bytes
        ids = tracer.id_generator
        stock = type(ids) is RandomIdGenerator
        self.new_span_id: Callable[[], int] = _RANDOM_SPAN_ID if stock else ids.generate_span_id
        self.new_trace_id: Callable[[], int] = _RANDOM_TRACE_ID if stock else ids.generate_trace_id
        self.trace_flags = TraceFlags.SAMPLED | (TraceFlags.RANDOM_TRACE_ID if ids.is_trace_id_random() else 0)
        # With a stock sampler that keeps all, a span without a foreign parent need not ask it.
        self.keeps_every_span = any(tracer.sampler is sampler for sampler in _KEEP_EVERY_SPAN)
        self.take = taker.take if taker is not None else None
        # While the tuple of the provider's processors is this one, nobody but us listens: what starts need not be told
        # to anyone, and what ends goes straight to ``take``.
        self.processors: Any = tracer.span_processor
        listeners = getattr(self.processors, "_span_processors", None)
        self.alone = listeners if taker is not None and listeners == (relay,) else _NOBODY


_NOBODY: Final = object()
_RANDOM_SPAN_ID: Final = partial(random.getrandbits, 64)  # as OpenTelemetry's own; its loop around 0 is one in 2^64
_RANDOM_TRACE_ID: Final = partial(random.getrandbits, 128)
