-- Alert rules as a person set them; the newest version of a rule id wins.
CREATE TABLE IF NOT EXISTS alert_rules
(
    project       LowCardinality(String),
    rule_id       String,
    version       UInt64,
    is_deleted    UInt8 DEFAULT 0,
    definition    String CODEC(ZSTD(1)),
    updated_at    DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project, rule_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- Every change of state of every rule: the monitor restores itself from here, the page shows it.
CREATE TABLE IF NOT EXISTS alert_transitions
(
    project       LowCardinality(String),
    rule_id       String,
    at            DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    from_state    LowCardinality(String),
    to_state      LowCardinality(String),
    value         Nullable(Float64),
    threshold     Float64,
    since         DateTime64(9, 'UTC'),
    notified      LowCardinality(String),
    message       String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (project, rule_id, at)
SETTINGS non_replicated_deduplication_window = 1000;
