-- score_mean beside the time before
-- {'before_end_ns': 1, 'before_spans_start_ns': -604800000000000, 'before_start_ns': 0, 'end_ns': 2, 'f_model': ('m',), 'project': 'p', 'score_name': ('quality',), 'spans_start_ns': -604799999999999, 'start_ns': 1}
SELECT anyIf(score_mean, is_now) AS score_mean,
anyOrNullIf(score_mean, NOT is_now) AS score_mean_before
FROM (
SELECT true AS is_now,
avg(value) AS score_mean
FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({spans_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)})
UNION ALL
SELECT false AS is_now,
avg(value) AS score_mean
FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_spans_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)})
HAVING count() > 0
)
SETTINGS prefer_column_name_to_alias = 1
