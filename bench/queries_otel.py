"""The tables of the OpenTelemetry Collector's ClickHouse exporter, with the same spans and scores in them.

After its templates as of 2026
(https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/clickhouseexporter/internal/sqltemplates),
in the form with bloom filters: what the exporter makes with text indexes instead holds every prompt once more. Attributes
are named as OpenTelemetry and OpenInference name them. Scores are log records, as ``gen_ai.evaluation.result``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from queries_peer import MARGIN, Peer, asked, between, either, quoted

from spanglass_store.query import Query, Window

DATABASE: Final = "otel"

_BLOOM: Final = "TYPE bloom_filter(0.01) GRANULARITY 1"
_MAP: Final = "Map(LowCardinality(String), String)"

TABLES: Final = (
    f"""
    CREATE TABLE IF NOT EXISTS otel_traces (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)), TraceState String CODEC(ZSTD(1)), SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)), ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes {_MAP} CODEC(ZSTD(1)), ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes {_MAP} CODEC(ZSTD(1)), Duration UInt64 CODEC(T64, ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)), StatusMessage String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes {_MAP}) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes {_MAP}) CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) {_BLOOM}, INDEX idx_res_attr_value mapValues(ResourceAttributes) {_BLOOM},
    INDEX idx_span_attr_key mapKeys(SpanAttributes) {_BLOOM}, INDEX idx_span_attr_value mapValues(SpanAttributes) {_BLOOM},
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1,
    INDEX idx_lower_span_name lower(SpanName) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
    ) ENGINE = MergeTree PARTITION BY toDate(Timestamp) PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
    ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
    SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1""",
    """
    CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts (
    TraceId String CODEC(ZSTD(1)), Start SimpleAggregateFunction(min, DateTime) CODEC(ZSTD(1)),
    End SimpleAggregateFunction(max, DateTime) CODEC(ZSTD(1))
    ) ENGINE = AggregatingMergeTree PARTITION BY toStartOfWeek(Start) ORDER BY (TraceId)
    SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1""",
    """
    CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
    SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId""",
    f"""
    CREATE TABLE IF NOT EXISTS otel_logs (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TimestampTime DateTime DEFAULT toDateTime(Timestamp),
    TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)), TraceFlags UInt8,
    SeverityText LowCardinality(String) CODEC(ZSTD(1)), SeverityNumber UInt8, ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Body String CODEC(ZSTD(1)), ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)), ResourceAttributes {_MAP} CODEC(ZSTD(1)),
    ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)), ScopeName String CODEC(ZSTD(1)),
    ScopeVersion LowCardinality(String) CODEC(ZSTD(1)), ScopeAttributes {_MAP} CODEC(ZSTD(1)), LogAttributes {_MAP} CODEC(ZSTD(1)),
    EventName String CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_log_attr_key mapKeys(LogAttributes) {_BLOOM}, INDEX idx_log_attr_value mapValues(LogAttributes) {_BLOOM}
    ) ENGINE = MergeTree PARTITION BY toDate(TimestampTime) PRIMARY KEY (ServiceName, TimestampTime)
    ORDER BY (ServiceName, TimestampTime, Timestamp) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1""",
)

_HEX: Final = "if({0} = 0, '', leftPad(lower(hex({0})), 16, '0'))"
_ATTRIBUTES: Final = {
    "openinference.span.kind": "upper(kind)",
    "input.value": "input",
    "output.value": "output",
    "session.id": "session_id",
    "user.id": "user_id",
    "tag.tags": "if(empty(tags), '', toJSONString(tags))",
    "error.type": "error_type",
    "gen_ai.provider.name": "provider",
    "gen_ai.request.model": "request_model",
    "gen_ai.response.model": "response_model",
    "gen_ai.response.id": "response_id",
    "gen_ai.response.finish_reasons": "if(empty(finish_reasons), '', toJSONString(finish_reasons))",
    "gen_ai.request.temperature": "parameters['temperature']",
    "gen_ai.request.max_tokens": "parameters['max_tokens']",
    "gen_ai.usage.input_tokens": "ifNull(toString(input_tokens), '')",
    "gen_ai.usage.output_tokens": "ifNull(toString(output_tokens), '')",
    "gen_ai.usage.cache_read.input_tokens": "ifNull(toString(cache_read_tokens), '')",
    "gen_ai.usage.cost": "ifNull(toString(cost_usd), '')",
    "gen_ai.usage.input_cost": "ifNull(toString(input_cost_usd), '')",
    "gen_ai.usage.output_cost": "ifNull(toString(output_cost_usd), '')",
    "gen_ai.response.time_to_first_chunk": "ifNull(toString(time_to_first_token_ns / 1e9), '')",
    "gen_ai.prompt.name": "prompt_name",
    "gen_ai.prompt.version": "prompt_version",
}


def spans_insert(ours: str, window: Window) -> str:
    """The statement that takes over the spans of a time. Attributes without a value are not there at all."""
    pairs = ", ".join(f"{quoted(key)}, {value}" for key, value in _ATTRIBUTES.items())
    failed = "status = 'error'"
    exception = "JSONExtractString(events, 1, 'attributes', '{0}')"
    attributes = f"map('exception.type', {exception.format('exception.type')}, 'exception.message', {exception.format('exception.message')})"
    return f"""
    INSERT INTO {DATABASE}.otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName,
    ResourceAttributes, ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage, Events.Timestamp, Events.Name, Events.Attributes)
    SELECT start_time, lower(hex(trace_id)), {_HEX.format("span_id")}, {_HEX.format("parent_span_id")}, name,
    if(kind = 'llm', 'Client', 'Internal'), service, resource, scope_name, scope_version,
    mapConcat(mapFilter((k, v) -> v != '', map({pairs})), mapApply((k, v) -> (concat('metadata.', k), v), metadata), attributes),
    duration_ns, multiIf({failed}, 'Error', status = 'ok', 'Ok', 'Unset'), error_message,
    if({failed}, [start_time], []), if({failed}, ['exception'], []), if({failed}, [{attributes}], [])
    FROM {ours}.spans WHERE {between("start_time", window)}"""


def scores_insert(ours: str) -> str:
    """The statement that takes over the scores."""
    return f"""
    INSERT INTO {DATABASE}.otel_logs (Timestamp, TraceId, ServiceName, EventName, LogAttributes)
    SELECT timestamp, lower(hex(trace_id)), 'judge', 'gen_ai.evaluation.result', map('gen_ai.evaluation.name', name,
    'gen_ai.evaluation.score.value', toString(value), 'gen_ai.evaluation.source', source, 'gen_ai.evaluation.id', score_id) FROM {ours}.scores FINAL"""


def _attribute(key: str) -> str:
    return f"SpanAttributes[{quoted(key)}]"


def _has(key: str, values: Sequence[str]) -> str:
    """The key has one of the values; the first test is the one the index on the values knows."""
    return f"hasAny(mapValues(SpanAttributes), {list(values)}) AND {_attribute(key)} IN {either(values)}"


def _trace(trace_id: str) -> list[Query]:
    """As the exporter's README finds a trace: its times first. Then its scores, whose clock may be a minute behind."""
    known = f"(SELECT {{0}} FROM otel_traces_trace_id_ts WHERE TraceId = {quoted(trace_id)})"
    start, end = known.format("min(Start)"), known.format("max(End) + 1")
    return [
        asked(
            "trace",
            f"WITH {start} AS start, {end} AS end SELECT *, SpanId AS span_id_hex, SpanName AS name, {_attribute('input.value')} AS input, "
            f"{_attribute('output.value')} AS output FROM otel_traces "
            f"WHERE TraceId = {quoted(trace_id)} AND Timestamp >= start AND Timestamp <= end ORDER BY Timestamp",
        ),
        asked(
            "scores",
            f"WITH {start} AS start SELECT *, LogAttributes['gen_ai.evaluation.id'] AS score_id FROM otel_logs "
            f"WHERE TraceId = {quoted(trace_id)} AND TimestampTime >= start - 60 AND EventName = 'gen_ai.evaluation.result'",
        ),
    ]


def _named(name: str) -> str:
    return f"AND LogAttributes['gen_ai.evaluation.name'] = {quoted(name)}" if name else ""


def _quality(window: Window, name: str) -> str:
    return (
        "SELECT Timestamp AS at, TraceId AS trace_id, toFloat64OrNull(LogAttributes['gen_ai.evaluation.score.value']) AS value "
        f"FROM otel_logs WHERE ServiceName = 'judge' AND {between('TimestampTime', window)} AND {between('Timestamp', window)} "
        f"{_named(name)}"
    )


_KIND: Final = _attribute("openinference.span.kind")
_TOKENS_OUT: Final = _attribute("gen_ai.usage.output_tokens")
_COST: Final = _attribute("gen_ai.usage.cost")
_FIRST: Final = _attribute("gen_ai.response.time_to_first_chunk")

PEER: Final = Peer(
    name=DATABASE,
    table="otel_traces",
    texts="otel_traces",
    always="1",
    fields={
        "time": "Timestamp",
        "trace_id": "TraceId",
        "span_id": "SpanId",
        "root": "ParentSpanId = ''",
        "duration_ns": "Duration",
        "name": "SpanName",
        "kind": f"lower({_KIND})",
        "service": "ServiceName",
        "environment": "ResourceAttributes['deployment.environment.name']",
        "release": "ResourceAttributes['service.version']",
        "session_id": _attribute("session.id"),
        "user_id": _attribute("user.id"),
        "tag": f"JSONExtract({_attribute('tag.tags')}, 'Array(String)')",
        "model": f"if({_attribute('gen_ai.response.model')} != '', {_attribute('gen_ai.response.model')}, {_attribute('gen_ai.request.model')})",
        "prompt_name": _attribute("gen_ai.prompt.name"),
        "prompt_version": _attribute("gen_ai.prompt.version"),
        "error_type": _attribute("error.type"),
        "failed": "StatusCode = 'Error'",
        "llm": f"{_KIND} = 'LLM'",
        "call": f"{_KIND} IN ('LLM', 'EMBEDDING', 'RERANK')",
        "answered": f"{_KIND} = 'LLM' AND {_TOKENS_OUT} != ''",
        "streamed": f"{_FIRST} != ''",
        "input": _attribute("input.value"),
        "output": _attribute("output.value"),
        "input_tokens": f"toUInt64OrZero({_attribute('gen_ai.usage.input_tokens')})",
        "output_tokens": f"toUInt64OrZero({_TOKENS_OUT})",
        "first_token_ns": f"toFloat64OrZero({_FIRST}) * 1e9",
        "cost": f"toFloat64OrZero({_COST})",
        "priced": f"{_COST} != ''",
    },
    filters={
        "user_id": lambda values: _has("user.id", values),
        "session_id": lambda values: _has("session.id", values),
        "error_type": lambda values: _has("error.type", values),
        "prompt_name": lambda values: _has("gen_ai.prompt.name", values),
    },
    attribute=_has,
    attribute_value=_attribute,
    has_attribute=lambda key: f"mapContains(SpanAttributes, {quoted(key)})",
    words=lambda text: (
        f"(hasAllTokens(lower({_attribute('input.value')}), {quoted(text)}) OR hasAllTokens(lower({_attribute('output.value')}), {quoted(text)}) OR positionCaseInsensitive(SpanName, {quoted(text)}) > 0)"
    ),
    substring=lambda text: (
        f"(lower({_attribute('input.value')}) LIKE {quoted(f'%{text}%')} OR lower({_attribute('output.value')}) LIKE {quoted(f'%{text}%')})"
    ),
    newest="Timestamp DESC",
    judged=f"SELECT TraceId AS trace_id, avg(toFloat64OrNull(LogAttributes['gen_ai.evaluation.score.value'])) AS score FROM otel_logs WHERE TraceId IN (SELECT arrayJoin(page.2)) AND ServiceName = 'judge' AND TimestampTime >= arrayMin(page.1) - {MARGIN} GROUP BY TraceId",
    trace=_trace,
    quality=_quality,
    bytes_of=("otel_traces", "otel_traces_trace_id_ts"),
)
