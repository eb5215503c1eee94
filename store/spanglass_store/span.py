"""The canonical span: one immutable value, whatever convention it was told in.

Units are in the names. Times are integer nanoseconds since 1970 UTC; a float loses order at that size.
``None`` means "not told" and is never the same as zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call. ``input_tokens`` includes cached, ``output_tokens`` includes reasoning
    (OpenTelemetry GenAI conventions v1.41.1).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars of one model call and its parts. ``source`` is ``reported``, ``computed`` or empty
    (unknown price: every amount is None, never 0).
    """

    total_usd: Decimal | None = None
    input_usd: Decimal | None = None
    output_usd: Decimal | None = None
    cache_read_usd: Decimal | None = None
    cache_write_usd: Decimal | None = None
    source: str = ""
    price_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment of a span."""

    time_ns: int
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A pointer to a span of another trace. Ids are lower-case hex."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One row. Ids are lower-case hex (32 and 16 digits); ``parent_span_id`` is empty for a root."""

    project: str
    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    end_ns: int
    name: str
    kind: str = "span"
    status: str = "unset"
    error_type: str = ""
    error_message: str = ""
    service: str = ""
    environment: str = ""
    release: str = ""
    session_id: str = ""
    user_id: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    system_fingerprint: str = ""
    service_tier: str = ""
    input: str = ""
    output: str = ""
    input_preview: str = ""
    output_preview: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    finish_reasons: tuple[str, ...] = ()
    tool_names: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    usage_counted: bool = True
    cost: Cost = field(default_factory=Cost)
    time_to_first_token_ns: int | None = None
    prompt_name: str = ""
    prompt_version: str = ""
    sampling_weight: float = 1.0
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def duration_ns(self) -> int:
        """Nanoseconds from start to end; 0 where the clock stepped back."""
        return max(0, self.end_ns - self.start_ns)
