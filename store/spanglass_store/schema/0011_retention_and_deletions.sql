-- How many days each project's data stays; 0: for ever. The newest row wins.
CREATE TABLE IF NOT EXISTS retention
(
    project LowCardinality(String),
    days    UInt16,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY project
SETTINGS non_replicated_deduplication_window = 1000;

-- What was deleted for good, so that rows of it which arrive later (from a queue, a spool, a client that tries again)
-- are deleted too. A subject is a user, a session or a trace. The list itself is forgotten after thirty days.
CREATE TABLE IF NOT EXISTS deletions
(
    project     LowCardinality(String),
    subject     LowCardinality(String),
    value       String,
    deletion_id String,
    at          DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (project, subject, value)
TTL toDateTime(at) + toIntervalDay(30)
SETTINGS non_replicated_deduplication_window = 1000;

-- Scores go with the spans of their project. No stored score has a limit yet, so nothing is read to find that out.
ALTER TABLE scores ADD COLUMN IF NOT EXISTS retention_days UInt16 DEFAULT 0;
ALTER TABLE scores MODIFY TTL toDateTime(timestamp) + toIntervalDay(retention_days) DELETE WHERE retention_days > 0
SETTINGS materialize_ttl_after_modify = 0;
