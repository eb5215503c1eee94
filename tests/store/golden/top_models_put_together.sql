-- top model by cost_usd
-- {'before_end_ns': 0, 'before_last_end_ns': 1, 'before_last_hole_end_ns': 0, 'before_last_hole_start_ns': -2588400000000000, 'before_last_start_ns': -2591999999999999, 'before_start_ns': -2505600000000000, 'before_then_end_ns': 0, 'before_then_hole_end_ns': 0, 'before_then_hole_start_ns': -2505600000000000, 'before_then_start_ns': -2588400000000000, 'end_ns': 2592000000000000, 'last_end_ns': 2592000000000001, 'last_hole_end_ns': 2592000000000000, 'last_hole_start_ns': 3600000000000, 'last_start_ns': 1, 'limit': 50, 'project': 'p', 'start_ns': 86400000000000, 'then_end_ns': 2592000000000000, 'then_hole_end_ns': 2592000000000000, 'then_hole_start_ns': 86400000000000, 'then_start_ns': 3600000000000}
SELECT *, cost_usd / nullIf(sum(cost_usd) OVER (), 0) AS share
FROM (
SELECT group, anyIf(cost_usd, is_now) AS cost_usd,
anyOrNullIf(cost_usd, NOT is_now) AS cost_usd_before
FROM (
SELECT true AS is_now, group AS group,
if(sum(calls_kept) > 0 AND sum(priced_kept) = 0, NULL, sum(cost_sum_usd)) AS cost_usd
FROM (
SELECT if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfDay(start_time) >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND toStartOfDay(start_time) < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') GROUP BY group
SETTINGS preferred_optimize_projection_name = 'daily_by_model', optimize_move_to_prewhere = 0
UNION ALL
SELECT if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfHour(start_time) >= fromUnixTimestamp64Nano({then_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({then_end_ns:Int64}, 'UTC') AND NOT (toStartOfHour(start_time) >= fromUnixTimestamp64Nano({then_hole_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({then_hole_end_ns:Int64}, 'UTC')) GROUP BY group
SETTINGS preferred_optimize_projection_name = 'hourly_by_model', optimize_move_to_prewhere = 0
UNION ALL
SELECT if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({last_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({last_end_ns:Int64}, 'UTC') AND NOT (start_time >= fromUnixTimestamp64Nano({last_hole_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({last_hole_end_ns:Int64}, 'UTC')) GROUP BY group
SETTINGS preferred_optimize_projection_name = 'hourly') GROUP BY group
UNION ALL
SELECT false AS is_now, group AS group,
if(sum(calls_kept) > 0 AND sum(priced_kept) = 0, NULL, sum(cost_sum_usd)) AS cost_usd
FROM (
SELECT if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfDay(start_time) >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND toStartOfDay(start_time) < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') GROUP BY group
SETTINGS preferred_optimize_projection_name = 'daily_by_model', optimize_move_to_prewhere = 0
UNION ALL
SELECT if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfHour(start_time) >= fromUnixTimestamp64Nano({before_then_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({before_then_end_ns:Int64}, 'UTC') AND NOT (toStartOfHour(start_time) >= fromUnixTimestamp64Nano({before_then_hole_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({before_then_hole_end_ns:Int64}, 'UTC')) GROUP BY group
SETTINGS preferred_optimize_projection_name = 'hourly_by_model', optimize_move_to_prewhere = 0
UNION ALL
SELECT if(response_model != '', response_model, request_model) AS group, countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_kept, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted) AS cost_sum_usd, countIf(usage_counted AND cost_usd IS NOT NULL) AS priced_kept, count() AS spans_kept
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_last_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_last_end_ns:Int64}, 'UTC') AND NOT (start_time >= fromUnixTimestamp64Nano({before_last_hole_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_last_hole_end_ns:Int64}, 'UTC')) GROUP BY group
SETTINGS preferred_optimize_projection_name = 'hourly') GROUP BY group
)
GROUP BY group HAVING max(is_now)
)
QUALIFY group != ''
ORDER BY cost_usd DESC NULLS LAST, group
LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1, optimize_use_projections = 1
