-- totals of score_mean, score_count
-- {'end_ns': 2, 'f_model': ('m',), 'limit': 100, 'project': 'p', 'score_name': ('quality',), 'spans_start_ns': -604799999999999, 'start_ns': 1}
SELECT source AS group,
avg(value) AS score_mean,
toFloat64(count()) AS score_count
FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({spans_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)})
GROUP BY group ORDER BY score_mean DESC NULLS LAST, group LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
