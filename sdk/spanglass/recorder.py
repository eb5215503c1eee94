"""What every span needs of its tracer and of the settings.

With it OpenTelemetry's SDK is imported, which takes longer than all the rest: at the first span, or with ``init``.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON
from opentelemetry.trace import TraceFlags

from spanglass.live import LiveSpan

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import Tracer

    from spanglass.provider import Taker
    from spanglass.settings import Settings

_KEEP_EVERY_SPAN: Final = (DEFAULT_ON, ALWAYS_ON)


class Recorder:
    """What every span needs of its tracer and of the settings, looked up once."""

    __slots__ = (
        "alone",
        "capture",
        "keeps_every_span",
        "max_bytes",
        "new_span_id",
        "new_trace_id",
        "open",
        "processors",
        "take",
        "trace_flags",
        "tracer",
    )

    def __init__(self, settings: Settings, tracer: Tracer, taker: Taker | None = None, relay: object = None) -> None:
        """``taker``: where spans go when ``relay`` is all that listens at the tracer's provider."""
        self.open = LiveSpan
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
