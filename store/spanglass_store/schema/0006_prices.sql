-- Own prices: US dollars for a million tokens, and for each request; without a project: for all. The newest version of a
-- price wins.
CREATE TABLE IF NOT EXISTS prices
(
    project          LowCardinality(String),
    provider         String,
    model            String,
    starts_at        DateTime64(3, 'UTC'),
    ends_at          Nullable(DateTime64(3, 'UTC')),
    input_usd        Nullable(Decimal(18, 9)),
    output_usd       Nullable(Decimal(18, 9)),
    cache_read_usd   Nullable(Decimal(18, 9)),
    cache_write_usd  Nullable(Decimal(18, 9)),
    input_audio_usd  Nullable(Decimal(18, 9)),
    output_audio_usd Nullable(Decimal(18, 9)),
    reasoning_usd    Nullable(Decimal(18, 9)),
    request_usd      Nullable(Decimal(18, 9)),
    comment          String,
    version          UInt64,
    is_deleted       UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project, provider, model, starts_at)
SETTINGS non_replicated_deduplication_window = 1000;
