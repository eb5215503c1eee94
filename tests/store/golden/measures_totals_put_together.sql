-- totals of traces, latency_p95_seconds
-- {'end_ns': 2592000000000000, 'f_service': ('s',), 'last_end_ns': 2592000000000001, 'last_hole_end_ns': 2592000000000000, 'last_hole_start_ns': 3600000000000, 'last_start_ns': 1, 'project': 'p', 'start_ns': 86400000000000, 'then_end_ns': 2592000000000000, 'then_hole_end_ns': 2592000000000000, 'then_hole_start_ns': 86400000000000, 'then_start_ns': 3600000000000}
SELECT ifNotFinite(uniqMerge(different_traces) * sum(spans_weight) / sum(spans_kept), 0) AS traces,
quantilesTDigestWeightedIfMerge(0.5, 0.95, 0.99)(latency)[2] AS latency_p95_seconds
FROM (
SELECT uniqState(trace_id) AS different_traces, quantilesTDigestWeightedIfState(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted) AS latency, count() AS spans_kept, sum(sampling_weight) AS spans_weight
FROM spans WHERE project = {project:String} AND toStartOfDay(start_time) >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND toStartOfDay(start_time) < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND service IN {f_service:Array(String)}
SETTINGS preferred_optimize_projection_name = 'daily_by_service', optimize_move_to_prewhere = 0
UNION ALL
SELECT uniqState(trace_id) AS different_traces, quantilesTDigestWeightedIfState(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted) AS latency, count() AS spans_kept, sum(sampling_weight) AS spans_weight
FROM spans WHERE project = {project:String} AND toStartOfHour(start_time) >= fromUnixTimestamp64Nano({then_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({then_end_ns:Int64}, 'UTC') AND NOT (toStartOfHour(start_time) >= fromUnixTimestamp64Nano({then_hole_start_ns:Int64}, 'UTC') AND toStartOfHour(start_time) < fromUnixTimestamp64Nano({then_hole_end_ns:Int64}, 'UTC')) AND service IN {f_service:Array(String)}
SETTINGS preferred_optimize_projection_name = 'hourly_by_service', optimize_move_to_prewhere = 0
UNION ALL
SELECT uniqState(trace_id) AS different_traces, quantilesTDigestWeightedIfState(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted) AS latency, count() AS spans_kept, sum(sampling_weight) AS spans_weight
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({last_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({last_end_ns:Int64}, 'UTC') AND NOT (start_time >= fromUnixTimestamp64Nano({last_hole_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({last_hole_end_ns:Int64}, 'UTC')) AND service IN {f_service:Array(String)}
SETTINGS preferred_optimize_projection_name = 'hourly')
SETTINGS prefer_column_name_to_alias = 1, optimize_use_projections = 1
