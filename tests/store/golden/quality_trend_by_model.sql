-- quality over time
-- {'answered_end_ns': 2, 'answered_start_ns': -604799999999999, 'end_ns': 2, 'f_model': ('m',), 'interval_seconds': 3600, 'project': 'p', 'score_name': ('quality',), 'spans_start_ns': -604799999999999, 'start_ns': 1}
SELECT
toDateTime64(toStartOfInterval(timestamp, toIntervalSecond({interval_seconds:UInt32}), 'UTC'), 3, 'UTC')
AS bucket,
answer AS group,
count() AS count,
avg(value) AS mean,
if(min(data_type) = 'boolean', (avg(value) + 3.8414588206941254 / (2 * count())) / (1 + 3.8414588206941254 / count()) - 1.959963984540054 * sqrt(avg(value) * (1 - avg(value)) / count() + 3.8414588206941254 / (4 * count() * count())) / (1 + 3.8414588206941254 / count()), avg(value) - 1.959963984540054 * stddevSamp(value) / sqrt(count())) AS low,
if(min(data_type) = 'boolean', (avg(value) + 3.8414588206941254 / (2 * count())) / (1 + 3.8414588206941254 / count()) + 1.959963984540054 * sqrt(avg(value) * (1 - avg(value)) / count() + 3.8414588206941254 / (4 * count() * count())) / (1 + 3.8414588206941254 / count()), avg(value) + 1.959963984540054 * stddevSamp(value) / sqrt(count())) AS high
FROM (
SELECT timestamp, value, data_type, answer_model AS answer FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({spans_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)}) AND has_answer
UNION ALL
SELECT timestamp, value, data_type, answer
FROM (SELECT timestamp, trace_id, value, data_type FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({spans_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)}) AND NOT has_answer) AS waiting
LEFT JOIN (
SELECT trace_id, argMaxIf(if(response_model != '', response_model, request_model), start_time, kind = 'llm') AS answer FROM spans
WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({answered_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({answered_end_ns:Int64}, 'UTC') AND trace_id IN (SELECT trace_id FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({spans_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)}) AND NOT has_answer)
GROUP BY trace_id) AS answered USING (trace_id))
GROUP BY bucket, group ORDER BY bucket, group
SETTINGS prefer_column_name_to_alias = 1
