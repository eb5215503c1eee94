-- Versions of prompts: the text stays, labels (such as production) may move. The newest row of a version wins.
CREATE TABLE IF NOT EXISTS prompts
(
    project        LowCardinality(String),
    name           String,
    prompt_version String,
    template       String CODEC(ZSTD(1)),
    labels         Array(LowCardinality(String)),
    comment        String CODEC(ZSTD(1)),
    created_at     DateTime64(3, 'UTC'),
    version        UInt64,
    is_deleted     UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project, name, prompt_version)
SETTINGS non_replicated_deduplication_window = 1000;

-- Views that people saved: a page and its address, with filters. The newest row of a view id wins.
CREATE TABLE IF NOT EXISTS saved_views
(
    project    LowCardinality(String),
    view_id    String,
    name       String,
    page       LowCardinality(String),
    address    String CODEC(ZSTD(1)),
    owner      String,
    is_shared  Bool,
    created_at DateTime64(3, 'UTC'),
    version    UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project, view_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- What people noted on a span, a trace or a session. The newest row of an annotation id wins; notes go with their
-- project's data.
CREATE TABLE IF NOT EXISTS annotations
(
    project        LowCardinality(String),
    annotation_id  String,
    trace_id       FixedString(16) CODEC(ZSTD(1)),
    span_id        UInt64 CODEC(ZSTD(1)),
    session_id     String CODEC(ZSTD(1)),
    label          LowCardinality(String),
    text           String CODEC(ZSTD(1)),
    author         String,
    created_at     DateTime64(3, 'UTC'),
    version        UInt64,
    is_deleted     UInt8 DEFAULT 0,
    retention_days UInt16 DEFAULT 0,
    INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ix_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project, annotation_id)
TTL toDateTime(created_at) + toIntervalDay(retention_days) DELETE WHERE retention_days > 0
SETTINGS non_replicated_deduplication_window = 1000;
