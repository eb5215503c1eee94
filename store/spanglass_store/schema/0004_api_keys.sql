-- API keys: only the SHA-256 of a key is kept. A key is 256 random bits, so a fast hash is enough.
CREATE TABLE IF NOT EXISTS api_keys
(
    key_id     String,
    project    LowCardinality(String),
    name       String,
    scope      LowCardinality(String),
    key_hash   FixedString(64),
    prefix     String,
    created_at DateTime64(3, 'UTC'),
    revoked_at Nullable(DateTime64(3, 'UTC')),
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY key_id
SETTINGS non_replicated_deduplication_window = 1000;
