-- series of cost_usd
-- {'end_ns': 2592000000000000, 'interval_seconds': 7200, 'project': 'p', 'start_ns': 3600000000000, 'then_end_ns': 2592000000000001, 'then_hole_end_ns': 2592000000000000, 'then_hole_start_ns': 3600000000000, 'then_start_ns': 1}
SELECT bucket AS bucket,
group AS group,
if(sum(calls_kept) > 0 AND sum(priced_kept) = 0, NULL, sum(cost_sum_usd)) AS cost_usd
FROM (
SELECT toDateTime64(toStartOfInterval(toStartOfHour(start_time), toIntervalSecond({interval_seconds:UInt32}), 'UTC'), 3, 'UTC') AS bucket, if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfHour(start_time) >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') GROUP BY bucket, group
SETTINGS preferred_optimize_projection_name = 'hourly_by_model', optimize_move_to_prewhere = 0
UNION ALL
SELECT toDateTime64(toStartOfInterval(start_time, toIntervalSecond({interval_seconds:UInt32}), 'UTC'), 3, 'UTC') AS bucket, if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({then_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({then_end_ns:Int64}, 'UTC') AND NOT (start_time >= fromUnixTimestamp64Nano({then_hole_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({then_hole_end_ns:Int64}, 'UTC')) GROUP BY bucket, group
SETTINGS preferred_optimize_projection_name = 'hourly')
GROUP BY bucket, group
ORDER BY bucket, group
SETTINGS prefer_column_name_to_alias = 1, optimize_use_projections = 1
