"""The columns of ``spans``, each once: the insert, the read, the documentation and a test come from this table.

``type`` is the type in ``schema/0001_spans.sql``; ``path`` says where the value lives in a ``Span``; ``codec``
names the pair of conversions (``rows.CODECS``) between the value of a Span and that of the column.
"""

from __future__ import annotations

from dataclasses import dataclass

_LOW = "LowCardinality(String)"
_MAP = "Map(LowCardinality(String), String)"
_LIST = "Array(LowCardinality(String))"
_TOKENS = "Nullable(UInt32)"
_USD = "Nullable(Decimal(18, 9))"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``name`` and ``type`` in ClickHouse, ``path`` in ``Span``, ``help`` for people."""

    name: str
    type: str
    path: str
    help: str
    codec: str = "plain"


def _c(name: str, type_: str, help_: str, *, path: str = "", codec: str = "plain") -> Column:
    return Column(name, type_, path or name, help_, codec)


COLUMNS: tuple[Column, ...] = (
    _c("project", _LOW, "tenant; first in every key"),
    _c("trace_id", "FixedString(16)", "16 bytes; lower-case hex at every edge", codec="trace_id"),
    _c("span_id", "UInt64", "8 bytes; lower-case hex at every edge", codec="span_id"),
    _c("parent_span_id", "UInt64", "0 for a root", codec="span_id"),
    _c("start_time", "DateTime64(9, 'UTC')", "nanoseconds since 1970 UTC", path="start_ns", codec="time"),
    _c("duration_ns", "UInt64", "end minus start, nanoseconds", codec="duration"),
    _c("name", _LOW, "what the span is called"),
    _c("kind", _LOW, "llm, embedding, rerank, retriever, tool, agent, chain, guardrail, evaluator, prompt, span"),
    _c("status", _LOW, "ok, error, unset"),
    _c("error_type", _LOW, "class of the exception or code of the failure"),
    _c("error_message", "String", "what the failure said"),
    _c("service", _LOW, "resource attribute service.name"),
    _c("environment", _LOW, "resource attribute deployment.environment.name"),
    _c("release", _LOW, "resource attribute service.version"),
    _c("session_id", "String", "conversation or session of the user"),
    _c("user_id", "String", "end user of the application"),
    _c("tags", _LIST, "labels set in context"),
    _c("metadata", _MAP, "key and value set in context"),
    _c("provider", _LOW, "who serves the model"),
    _c("request_model", _LOW, "model asked for"),
    _c("response_model", _LOW, "model that answered: where it differs, the model was changed silently"),
    _c("response_id", "String", "the provider's id of the answer"),
    _c("system_fingerprint", _LOW, "the provider's id of the serving configuration"),
    _c("service_tier", _LOW, "tier that served the call"),
    _c("input", "String", "JSON messages (role, parts) of a model call; JSON or text otherwise"),
    _c("output", "String", "JSON messages (role, parts) of a model call; JSON or text otherwise"),
    _c("input_preview", "String", "first 200 characters a person would read; roots only"),
    _c("output_preview", "String", "first 200 characters a person would read; roots only"),
    _c("parameters", _MAP, "request parameters: temperature, max_tokens, …"),
    _c("finish_reasons", _LIST, "why the model stopped, one a choice"),
    _c("tool_names", _LIST, "tools called in the output"),
    _c("input_tokens", _TOKENS, "includes cached tokens", path="usage.input_tokens", codec="tokens"),
    _c("output_tokens", _TOKENS, "includes reasoning tokens", path="usage.output_tokens", codec="tokens"),
    _c("cache_read_tokens", _TOKENS, "part of input_tokens", path="usage.cache_read_tokens", codec="tokens"),
    _c("cache_write_tokens", _TOKENS, "part of input_tokens", path="usage.cache_write_tokens", codec="tokens"),
    _c("reasoning_tokens", _TOKENS, "part of output_tokens", path="usage.reasoning_tokens", codec="tokens"),
    _c("input_audio_tokens", _TOKENS, "part of input_tokens", path="usage.input_audio_tokens", codec="tokens"),
    _c("output_audio_tokens", _TOKENS, "part of output_tokens", path="usage.output_audio_tokens", codec="tokens"),
    _c("usage_counted", "Bool", "false where the same usage is told twice: shown, never summed"),
    _c("cost_usd", _USD, "null: unknown price", path="cost.total_usd", codec="usd"),
    _c("input_cost_usd", _USD, "part of cost_usd: uncached input", path="cost.input_usd", codec="usd"),
    _c("output_cost_usd", _USD, "part of cost_usd: output", path="cost.output_usd", codec="usd"),
    _c("cache_read_cost_usd", _USD, "part of cost_usd: cache reads", path="cost.cache_read_usd", codec="usd"),
    _c("cache_write_cost_usd", _USD, "part of cost_usd: cache writes", path="cost.cache_write_usd", codec="usd"),
    _c("cost_source", _LOW, "reported, computed, or empty for unknown", path="cost.source"),
    _c("price_id", _LOW, "which price was applied", path="cost.price_id"),
    _c("time_to_first_token_ns", "Nullable(UInt64)", "streamed calls only, nanoseconds", codec="nanoseconds"),
    _c("prompt_name", _LOW, "name of the prompt template"),
    _c("prompt_version", _LOW, "version of the prompt template"),
    _c("sampling_weight", "Float64", "how many calls this one stands for"),
    _c("attributes", _MAP, "everything not understood"),
    _c("resource", _MAP, "resource attributes"),
    _c("scope_name", _LOW, "instrumentation scope"),
    _c("scope_version", _LOW, "version of the instrumentation scope"),
    _c("events", "String", "JSON list of {time_ns, name, attributes}", codec="events"),
    _c("links", "String", "JSON list of {trace_id, span_id, attributes}", codec="links"),
)
