-- What log records tell of spans: content that an instrumentation sends as events and not on the span itself
-- (docs/adr/013-logs.md). One row a record, joined when a span is read. The same record written again replaces itself.
CREATE TABLE IF NOT EXISTS span_details
(
    project            LowCardinality(String),
    trace_id           FixedString(16) CODEC(ZSTD(1)),
    span_id            UInt64 CODEC(NONE),
    record_id          FixedString(16) CODEC(NONE),
    start_time         DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    position           UInt32 CODEC(T64, ZSTD(1)),
    name               LowCardinality(String),
    session_id         String CODEC(ZSTD(1)),
    user_id            String CODEC(ZSTD(1)),
    tags               Array(LowCardinality(String)),
    metadata           Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    provider           LowCardinality(String),
    request_model      LowCardinality(String),
    response_model     LowCardinality(String),
    response_id        String CODEC(ZSTD(1)),
    system_fingerprint LowCardinality(String),
    service_tier       LowCardinality(String),
    input              String CODEC(ZSTD(1)),
    output             String CODEC(ZSTD(1)),
    input_preview      String CODEC(ZSTD(1)),
    output_preview     String CODEC(ZSTD(1)),
    parameters         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    finish_reasons     Array(LowCardinality(String)),
    tool_names         Array(LowCardinality(String)),
    prompt_name        LowCardinality(String),
    prompt_version     LowCardinality(String),
    attributes         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    retention_days     UInt16 DEFAULT 0,
    INDEX ix_input lower(input) TYPE text(tokenizer = splitByNonAlpha),
    INDEX ix_output lower(output) TYPE text(tokenizer = splitByNonAlpha)
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(start_time)
ORDER BY (project, trace_id, span_id, record_id)
TTL toDateTime(start_time) + toIntervalDay(retention_days) DELETE WHERE retention_days > 0
SETTINGS non_replicated_deduplication_window = 10000;

-- Which attribute names arrive, and what became of each: a sample taken while they arrive. The latest look wins.
CREATE TABLE IF NOT EXISTS attribute_names
(
    project       LowCardinality(String),
    service       LowCardinality(String),
    scope_name    LowCardinality(String),
    name          String CODEC(ZSTD(1)),
    verdict       LowCardinality(String),
    field         LowCardinality(String),
    dialect       LowCardinality(String),
    won_by        String CODEC(ZSTD(1)),
    scope_version LowCardinality(String),
    last_seen     DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(last_seen)
ORDER BY (project, service, scope_name, name, verdict, field)
TTL toDateTime(last_seen) + toIntervalDay(30)
SETTINGS non_replicated_deduplication_window = 1000;
