"""Langfuse's tables of its fourth version, with the same spans and scores in them.

After its migrations 0003, 0039 to 0043, 0049 and 0050 as of 2026
(https://github.com/langfuse/langfuse/tree/main/packages/shared/clickhouse/migrations/canonical): events with their whole
text in ``events_full``, the same with the first 200 characters in ``events_core``, filled by a materialized view. Columns
that would be empty for every span here are left out, which only makes it smaller. As in Langfuse, spans are read without FINAL, and
scores, which are written again under the same id, with it, or the latest of each id
(packages/shared/src/server/queries/clickhouse-sql/query-fragments.ts, repositories/scores.ts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from queries_data import PROJECT
from queries_peer import MARGIN, Peer, asked, between, either, quoted

from spanglass_store.query import Query, Window

DATABASE: Final = "langfuse"

_BLOOM: Final = "TYPE bloom_filter(0.01) GRANULARITY 1"
_TEXT: Final = "TYPE text(tokenizer = splitByNonAlpha)"
_NGRAM: Final = "TYPE ngrambf_v1(3, 4096, 2, 0) GRANULARITY 1"
_COST: Final = "arraySum(mapValues(mapFilter(x -> {0}, cost_details)))"
_OF: Final = "positionCaseInsensitive(x.1, '{0}') > 0"


def _cost(*names: str) -> str:
    return _COST.format(" OR ".join(_OF.format(name) for name in names))


def _events(table: str, text_codec: str, indexes: Sequence[str], settings: str) -> str:
    return f"""
    CREATE TABLE IF NOT EXISTS {table} (
    project_id String, trace_id String, span_id String, parent_span_id String,
    start_time DateTime64(6), end_time Nullable(DateTime64(6)), name String, type LowCardinality(String),
    environment LowCardinality(String) DEFAULT 'default', version String, release String, trace_name String,
    user_id String, session_id String, tags Array(String), level LowCardinality(String), status_message String,
    completion_start_time Nullable(DateTime64(6)), is_app_root Bool DEFAULT false,
    prompt_id String, prompt_name String, prompt_version Nullable(UInt16), model_id String, provided_model_name String,
    model_parameters String, provided_usage_details Map(LowCardinality(String), UInt64),
    usage_details Map(LowCardinality(String), UInt64), cost_details Map(LowCardinality(String), Decimal(18, 12)),
    calculated_input_cost Decimal(18, 12) MATERIALIZED {_cost("input")},
    calculated_output_cost Decimal(18, 12) MATERIALIZED {_cost("output")},
    calculated_total_cost Decimal(18, 12) MATERIALIZED {_cost("input", "output")},
    total_cost Decimal(18, 12) ALIAS cost_details['total'], tool_call_names Array(String),
    input String{text_codec}, input_length UInt64 MATERIALIZED lengthUTF8(input),
    output String{text_codec}, output_length UInt64 MATERIALIZED lengthUTF8(output),
    metadata_names Array(String), metadata_values Array(String), source LowCardinality(String),
    service_name String, service_version String, scope_name String, scope_version String,
    telemetry_sdk_language LowCardinality(String), telemetry_sdk_name String, telemetry_sdk_version String,
    event_bytes UInt64, created_at DateTime64(6), updated_at DateTime64(6), event_ts DateTime64(6), is_deleted UInt8,
    INDEX idx_span_id span_id {_BLOOM}, INDEX idx_trace_id trace_id {_BLOOM}, INDEX idx_user_id user_id {_BLOOM},
    INDEX idx_session_id session_id {_BLOOM}, INDEX idx_created_at created_at TYPE minmax GRANULARITY 1,
    INDEX idx_updated_at updated_at TYPE minmax GRANULARITY 1,
    INDEX idx_fts_metadata_values metadata_values {_TEXT}, INDEX idx_fts_metadata_names metadata_names {_TEXT},
    INDEX idx_ngram_metadata_values arrayStringConcat(metadata_values) TYPE ngrambf_v1(4, 32000, 3, 0) GRANULARITY 2,
    {", ".join(indexes)}
    ) ENGINE = ReplacingMergeTree(event_ts, is_deleted) PARTITION BY toYYYYMM(start_time)
    PRIMARY KEY (project_id, toStartOfMinute(start_time), xxHash32(trace_id))
    ORDER BY (project_id, toStartOfMinute(start_time), xxHash32(trace_id), span_id, start_time) SAMPLE BY xxHash32(trace_id)
    SETTINGS {settings}enable_block_number_column = 1, enable_block_offset_column = 1"""


_CORE: Final = (
    "project_id, trace_id, span_id, parent_span_id, start_time, end_time, name, type, environment, version, release, trace_name, user_id, "
    "session_id, tags, level, status_message, completion_start_time, is_app_root, prompt_id, prompt_name, prompt_version, model_id, "
    "provided_model_name, model_parameters, provided_usage_details, usage_details, cost_details, tool_call_names, "
    "leftUTF8(input, 200) AS input, leftUTF8(output, 200) AS output, metadata_names, "
    "arrayMap(v -> leftUTF8(v, 200), metadata_values) AS metadata_values, source, service_name, service_version, scope_name, scope_version, "
    "telemetry_sdk_language, telemetry_sdk_name, telemetry_sdk_version, event_bytes, created_at, updated_at, event_ts, is_deleted"
)

TABLES: Final = (
    _events(
        "events_full",
        " CODEC(ZSTD(3))",
        [
            f"INDEX idx_fts_input_low lower(input) {_TEXT}",
            f"INDEX idx_fts_output_low lower(output) {_TEXT}",
            *(
                f"INDEX idx_ngram_{name} lower({name}) {_NGRAM}"
                for name in ("name", "trace_name", "user_id", "session_id")
            ),
        ],
        "index_granularity_bytes = '64Mi', merge_max_block_size_bytes = '64Mi', ",
    ),
    _events(
        "events_core",
        "",
        [
            "INDEX idx_provided_model_name provided_model_name TYPE bloom_filter(0.01) GRANULARITY 2",
            f"INDEX idx_metadata_names metadata_names {_BLOOM}",
        ],
        "",
    ),
    f"CREATE MATERIALIZED VIEW IF NOT EXISTS events_core_mv TO events_core AS SELECT {_CORE} FROM events_full",
    """
    CREATE TABLE IF NOT EXISTS scores (
    id String, timestamp DateTime64(3), project_id String, trace_id Nullable(String), observation_id Nullable(String), name String,
    value Float64, source String, comment Nullable(String) CODEC(ZSTD(1)), author_user_id Nullable(String),
    config_id Nullable(String), data_type String, string_value Nullable(String), queue_id Nullable(String),
    created_at DateTime64(3), updated_at DateTime64(3), event_ts DateTime64(3), is_deleted UInt8,
    INDEX idx_id id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_project_trace_observation_v2 (project_id, trace_id, observation_id) TYPE bloom_filter(0.001) GRANULARITY 2
    ) ENGINE = ReplacingMergeTree(event_ts, is_deleted) PARTITION BY toYYYYMM(timestamp)
    PRIMARY KEY (project_id, toDate(timestamp), name) ORDER BY (project_id, toDate(timestamp), name, id)""",
)

_HEX: Final = "if({0} = 0, '', leftPad(lower(hex({0})), 16, '0'))"
_TYPES: Final = "transform(kind, ['llm', 'embedding', 'tool', 'retriever', 'agent'], ['GENERATION', 'EMBEDDING', 'TOOL', 'RETRIEVER', 'AGENT'], 'SPAN')"
_MICRO: Final = "fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Nano(start_time) + toInt64({0}), 1000), 'UTC')"
_OTHERS: Final = (
    "mapConcat(attributes, metadata, mapApply((k, v) -> (concat('resourceAttributes.', k), v), mapFilter((k, v) -> k = 'host.name', resource)), "
    "mapFilter((k, v) -> v != '', map('response_id', response_id, 'error.type', error_type, 'provider', provider)))"
)
_USAGE: Final = (
    "if(input_tokens IS NULL, map(), mapFilter((k, v) -> v > 0, map('input', toUInt64(input_tokens - ifNull(cache_read_tokens, 0)), "
    "'input_cached_tokens', toUInt64(ifNull(cache_read_tokens, 0)), 'output', toUInt64(ifNull(output_tokens, 0)), "
    "'total', toUInt64(input_tokens + ifNull(output_tokens, 0)))))"
)
_COSTS: Final = (
    "if(cost_usd IS NULL, map(), map('input', toDecimal64(ifNull(input_cost_usd, 0), 12), 'output', "
    "toDecimal64(ifNull(output_cost_usd, 0), 12), 'total', toDecimal64(ifNull(cost_usd, 0), 12)))"
)


def spans_insert(ours: str, window: Window) -> str:
    """The statement that takes over the spans of a time."""
    return f"""
    INSERT INTO {DATABASE}.events_full (project_id, trace_id, span_id, parent_span_id, start_time, end_time, name, type, environment,
    release, trace_name, user_id, session_id, tags, level, status_message, completion_start_time, prompt_name, prompt_version,
    provided_model_name, model_parameters, provided_usage_details, usage_details, cost_details, tool_call_names, input, output,
    metadata_names, metadata_values, source, service_name, service_version, scope_name, scope_version, telemetry_sdk_language,
    telemetry_sdk_name, telemetry_sdk_version, event_bytes, created_at, updated_at, event_ts)
    SELECT project, lower(hex(trace_id)), {_HEX.format("span_id")}, {_HEX.format("parent_span_id")}, {_MICRO.format("0")} AS started,
    {_MICRO.format("duration_ns")}, name, {_TYPES}, environment, release, if(parent_span_id = 0, name, ''), user_id, session_id, tags,
    if(status = 'error', 'ERROR', 'DEFAULT'), error_message,
    if(time_to_first_token_ns IS NULL, NULL, {_MICRO.format("assumeNotNull(time_to_first_token_ns)")}), prompt_name,
    toUInt16OrNull(prompt_version), if(response_model != '', response_model, request_model),
    if(empty(parameters), '', toJSONString(parameters)), {_USAGE} AS usage, usage, {_COSTS}, tool_names, input, output,
    mapKeys({_OTHERS}), mapValues({_OTHERS}), 'otel', service, release, scope_name, scope_version, 'python', 'opentelemetry', '1.45.2',
    length(input) + length(output), started, started, started
    FROM {ours}.spans WHERE {between("start_time", window)}"""


def scores_insert(ours: str) -> str:
    """The statement that takes over the scores."""
    return f"""
    INSERT INTO {DATABASE}.scores (id, timestamp, project_id, trace_id, name, value, source, data_type, created_at, updated_at, event_ts)
    SELECT score_id, timestamp, project, lower(hex(trace_id)), name, assumeNotNull(value), upper(source), upper(data_type), timestamp, timestamp, timestamp
    FROM {ours}.scores FINAL"""


def _metadata(key: str, values: Sequence[str]) -> str:
    """As Langfuse asks: the text index first, then the exact value."""
    name = quoted(key.removeprefix("metadata."))
    tokens = " OR ".join(f"hasAllTokens(metadata_values, tokens({quoted(value)}))" for value in values)
    return f"has(metadata_names, {name}) AND ({tokens}) AND metadata_values[indexOf(metadata_names, {name})] IN {either(values)}"


def _trace(trace_id: str) -> list[Query]:
    mine = f"project_id = {quoted(PROJECT)} AND trace_id = {quoted(trace_id)}"
    return [
        asked("trace", f"SELECT *, span_id AS span_id_hex FROM events_full WHERE {mine} ORDER BY start_time"),
        asked("scores", f"SELECT *, id AS score_id FROM scores WHERE {mine} ORDER BY event_ts DESC LIMIT 1 BY id"),
    ]


def _quality(window: Window, name: str) -> str:
    return (
        f"SELECT timestamp AS at, assumeNotNull(trace_id) AS trace_id, value FROM scores FINAL WHERE project_id = {quoted(PROJECT)} "
        f"AND {between('timestamp', window)} AND toDate(timestamp) >= toDate(fromUnixTimestamp64Nano({window.start_ns}, 'UTC')){f' AND name = {quoted(name)}' if name else ''}"
    )


_PRICED: Final = "mapContains(cost_details, 'total')"

PEER: Final = Peer(
    name=DATABASE,
    table="events_core",
    texts="events_full",
    always=f"project_id = {quoted(PROJECT)}",
    fields={
        "time": "start_time",
        "trace_id": "trace_id",
        "span_id": "span_id",
        "root": "parent_span_id = ''",
        "duration_ns": "(toUnixTimestamp64Micro(assumeNotNull(end_time)) - toUnixTimestamp64Micro(start_time)) * 1000",
        "name": "name",
        "kind": "transform(type, ['GENERATION', 'EMBEDDING', 'TOOL', 'RETRIEVER', 'AGENT'], ['llm', 'embedding', 'tool', 'retriever', 'agent'], 'span')",
        "service": "service_name",
        "environment": "environment",
        "release": "release",
        "session_id": "session_id",
        "user_id": "user_id",
        "tag": "tags",
        "model": "provided_model_name",
        "prompt_name": "prompt_name",
        "prompt_version": "ifNull(toString(prompt_version), '')",
        "error_type": "metadata_values[indexOf(metadata_names, 'error.type')]",
        "failed": "level = 'ERROR'",
        "llm": "type = 'GENERATION'",
        "call": "type IN ('GENERATION', 'EMBEDDING')",
        "answered": "type = 'GENERATION' AND usage_details['output'] > 0",
        "streamed": "completion_start_time IS NOT NULL",
        "input": "input",
        "output": "output",
        "input_tokens": "usage_details['input'] + usage_details['input_cached_tokens']",
        "output_tokens": "usage_details['output']",
        "first_token_ns": "ifNull((toUnixTimestamp64Micro(completion_start_time) - toUnixTimestamp64Micro(start_time)) * 1000, 0)",
        "cost": "total_cost",
        "priced": _PRICED,
    },
    filters={
        "error_type": lambda values: _metadata("error.type", values),
        "kind": lambda values: f"type IN {either(value.upper() for value in values)}",
    },
    attribute=_metadata,
    attribute_value=lambda key: f"metadata_values[indexOf(metadata_names, {quoted(key)})]",
    has_attribute=lambda key: f"has(metadata_names, {quoted(key)})",
    words=lambda text: (
        f"(hasAllTokens(lower(input), {quoted(text)}) OR hasAllTokens(lower(output), {quoted(text)}) OR lower(name) LIKE {quoted(f'%{text}%')})"
    ),
    substring=lambda text: f"(lower(input) LIKE {quoted(f'%{text}%')} OR lower(output) LIKE {quoted(f'%{text}%')})",
    newest="toStartOfMinute(start_time) DESC, start_time DESC",
    judged=f"SELECT assumeNotNull(trace_id) AS trace_id, avg(value) AS score FROM scores FINAL WHERE project_id = {quoted(PROJECT)} AND trace_id IN (SELECT arrayJoin(page.2)) AND timestamp >= arrayMin(page.1) - {MARGIN} GROUP BY trace_id",
    trace=_trace,
    quality=_quality,
    bytes_of=("events_full", "events_core"),
)
