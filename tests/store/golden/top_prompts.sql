-- top prompt by calls
-- {'before_end_ns': 1, 'before_start_ns': 0, 'end_ns': 2, 'limit': 50, 'project': 'p', 'start_ns': 1}
SELECT *, calls / nullIf(sum(calls) OVER (), 0) AS share
FROM (
SELECT group, version, anyIf(calls, is_now) AS calls, anyIf(latency_p95_seconds, is_now) AS latency_p95_seconds,
anyOrNullIf(calls, NOT is_now) AS calls_before, anyOrNullIf(latency_p95_seconds, NOT is_now) AS latency_p95_seconds_before
FROM (
SELECT true AS is_now, prompt_name AS group,
prompt_version AS version,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted)[2] AS latency_p95_seconds
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') GROUP BY group, version
UNION ALL
SELECT false AS is_now, prompt_name AS group,
prompt_version AS version,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted)[2] AS latency_p95_seconds
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') GROUP BY group, version
)
GROUP BY group, version HAVING max(is_now)
)
QUALIFY group != ''
ORDER BY calls DESC NULLS LAST, group, version
LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
