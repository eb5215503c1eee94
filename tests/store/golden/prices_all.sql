-- own prices
-- {}
SELECT project, provider, model, toUnixTimestamp64Milli(starts_at) * 1000000 AS starts_ns,
toUnixTimestamp64Milli(ends_at) * 1000000 AS ends_ns, input_usd, output_usd, cache_read_usd, cache_write_usd, input_audio_usd, output_audio_usd, reasoning_usd, request_usd, comment
FROM prices FINAL
ORDER BY model, provider, project, starts_at
