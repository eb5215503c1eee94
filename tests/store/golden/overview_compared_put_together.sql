-- calls beside the time before
-- {'before_end_ns': 0, 'before_last_end_ns': 1, 'before_last_hole_end_ns': 0, 'before_last_hole_start_ns': -2588400000000000, 'before_last_start_ns': -2591999999999999, 'before_start_ns': -2505600000000000, 'before_then_end_ns': 0, 'before_then_hole_end_ns': 0, 'before_then_hole_start_ns': -2505600000000000, 'before_then_start_ns': -2588400000000000, 'end_ns': 2592000000000000, 'last_end_ns': 2592000000000001, 'last_hole_end_ns': 2592000000000000, 'last_hole_start_ns': 3600000000000, 'last_start_ns': 1, 'project': 'p', 'start_ns': 86400000000000, 'then_end_ns': 2592000000000000, 'then_hole_end_ns': 2592000000000000, 'then_hole_start_ns': 86400000000000, 'then_start_ns': 3600000000000}
SELECT anyIf(calls, is_now) AS calls,
anyOrNullIf(calls, NOT is_now) AS calls_before
FROM (
SELECT true AS is_now,
sum(calls_weight) AS calls
FROM (
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_weight, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfDay(start_time) >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND toStartOfDay(start_time) < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
SETTINGS preferred_optimize_projection_name = 'daily', optimize_move_to_prewhere = 0
UNION ALL
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_weight, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfHour(start_time) >= fromUnixTimestamp64Nano({then_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({then_end_ns:Int64}, 'UTC') AND NOT (toStartOfHour(start_time) >= fromUnixTimestamp64Nano({then_hole_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({then_hole_end_ns:Int64}, 'UTC'))
SETTINGS preferred_optimize_projection_name = 'hourly', optimize_move_to_prewhere = 0
UNION ALL
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_weight, count() AS spans_kept
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({last_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({last_end_ns:Int64}, 'UTC') AND NOT (start_time >= fromUnixTimestamp64Nano({last_hole_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({last_hole_end_ns:Int64}, 'UTC'))
SETTINGS preferred_optimize_projection_name = 'hourly')
UNION ALL
SELECT false AS is_now,
sum(calls_weight) AS calls
FROM (
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_weight, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfDay(start_time) >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND toStartOfDay(start_time) < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC')
SETTINGS preferred_optimize_projection_name = 'daily', optimize_move_to_prewhere = 0
UNION ALL
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_weight, count() AS spans_kept
FROM spans WHERE project = {project:String} AND toStartOfHour(start_time) >= fromUnixTimestamp64Nano({before_then_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({before_then_end_ns:Int64}, 'UTC') AND NOT (toStartOfHour(start_time) >= fromUnixTimestamp64Nano({before_then_hole_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({before_then_hole_end_ns:Int64}, 'UTC'))
SETTINGS preferred_optimize_projection_name = 'hourly', optimize_move_to_prewhere = 0
UNION ALL
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls_weight, count() AS spans_kept
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_last_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_last_end_ns:Int64}, 'UTC') AND NOT (start_time >= fromUnixTimestamp64Nano({before_last_hole_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_last_hole_end_ns:Int64}, 'UTC'))
SETTINGS preferred_optimize_projection_name = 'hourly')
HAVING sum(spans_kept) > 0
)
SETTINGS prefer_column_name_to_alias = 1, optimize_use_projections = 1
