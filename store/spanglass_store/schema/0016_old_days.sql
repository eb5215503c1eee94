-- A day that is over becomes one part, half a day after its last span came: what is asked of a month then opens thirty parts, not
-- a hundred (docs/adr/024-old-days.md).
ALTER TABLE spans MODIFY SETTING min_age_to_force_merge_seconds = 43200, min_age_to_force_merge_on_partition_only = 1;

-- Spans of the last day are packed quickly, older ones, once, as small as pays. What has a codec of its own keeps it; so
-- the columns worth it have none.
ALTER TABLE spans MODIFY SETTING default_compression_codec = 'ZSTD(1)';
ALTER TABLE spans MODIFY COLUMN trace_id CODEC(Default), MODIFY COLUMN parent_span_id CODEC(Default),
    MODIFY COLUMN error_message CODEC(Default), MODIFY COLUMN session_id CODEC(Default), MODIFY COLUMN user_id CODEC(Default),
    MODIFY COLUMN metadata CODEC(Default),
    MODIFY COLUMN input CODEC(Default), MODIFY COLUMN output CODEC(Default),
    MODIFY COLUMN input_preview CODEC(Default), MODIFY COLUMN output_preview CODEC(Default),
    MODIFY COLUMN parameters CODEC(Default), MODIFY COLUMN attributes CODEC(Default), MODIFY COLUMN resource CODEC(Default),
    MODIFY COLUMN events CODEC(Default), MODIFY COLUMN links CODEC(Default);
ALTER TABLE spans MODIFY TTL
    toDateTime(start_time) + toIntervalDay(retention_days) DELETE WHERE retention_days > 0,
    toDateTime(start_time) + toIntervalDay(1) RECOMPRESS CODEC(ZSTD(9))
SETTINGS materialize_ttl_after_modify = 0; -- parts of before learn of it when they are merged

-- The rows of a word, told in bits: three quarters of the bytes.
ALTER TABLE spans DROP INDEX IF EXISTS ix_input;
ALTER TABLE spans DROP INDEX IF EXISTS ix_output;
ALTER TABLE spans ADD INDEX IF NOT EXISTS ix_input_words lower(input) TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking');
ALTER TABLE spans ADD INDEX IF NOT EXISTS ix_output_words lower(output) TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking');
ALTER TABLE spans MATERIALIZE INDEX ix_input_words, MATERIALIZE INDEX ix_output_words SETTINGS mutations_sync = 0;

-- What FINAL has to merge while it reads is merged before: of scores that lie in one part it reads eight times as many a second.
ALTER TABLE scores MODIFY SETTING min_age_to_force_merge_seconds = 21600;

-- Scores are found by their traces in a projection that has all of them, a thousand a step.
ALTER TABLE scores DROP PROJECTION IF EXISTS by_trace;
ALTER TABLE scores ADD PROJECTION IF NOT EXISTS of_trace (SELECT * ORDER BY project, trace_id) WITH SETTINGS (index_granularity = 1024);
ALTER TABLE scores MATERIALIZE PROJECTION of_trace;
ALTER TABLE scores DROP INDEX IF EXISTS ix_trace;
