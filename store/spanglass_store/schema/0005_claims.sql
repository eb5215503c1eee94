-- Which collector means to store which request, so that one that was sent to two of them is stored once
-- (docs/adr/011-queue.md). Looked up by digest within the hour; old rows go by themselves.
CREATE TABLE IF NOT EXISTS claims
(
    digest    FixedString(16) CODEC(NONE),
    collector LowCardinality(String),
    group_id  String CODEC(ZSTD(1)),
    yielded   Bool,
    at        DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = MergeTree
ORDER BY digest
TTL at + toIntervalHour(3)
SETTINGS index_granularity = 1024;

-- Who stores a request that several claimed: the first row of a digest is the only one, by its insert's token.
CREATE TABLE IF NOT EXISTS claim_verdicts
(
    digest    FixedString(16),
    collector LowCardinality(String),
    at        DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = MergeTree
ORDER BY digest
TTL at + toIntervalDay(7)
SETTINGS non_replicated_deduplication_window = 10000;
