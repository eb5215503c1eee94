-- A judgement of a span, a trace or a session. The same score id written again replaces the older one.
CREATE TABLE IF NOT EXISTS scores
(
    project      LowCardinality(String),
    name         LowCardinality(String),
    score_id     String CODEC(ZSTD(1)),
    timestamp    DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    trace_id     FixedString(16) CODEC(ZSTD(1)),
    span_id      UInt64 CODEC(ZSTD(1)),
    session_id   String CODEC(ZSTD(1)),
    data_type    LowCardinality(String),
    value        Nullable(Float64) CODEC(ZSTD(1)),
    text_value   String CODEC(ZSTD(1)),
    source       LowCardinality(String),
    comment      String CODEC(ZSTD(1)),
    evaluator_id LowCardinality(String),
    metadata     Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    updated_at   DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    is_deleted   UInt8 DEFAULT 0,
    INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ix_timestamp timestamp TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(updated_at, is_deleted)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project, name, score_id)
SETTINGS non_replicated_deduplication_window = 10000;
