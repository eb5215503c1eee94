-- page
-- {'after_id': 'abababababababababababababababab', 'after_key': '9000000000000000000', 'end_ns': 2, 'offset': 0, 'page': 101, 'project': 'p', 'start_ns': 1, 'upto': 101}
SELECT row_number() OVER (ORDER BY key DESC, session_id DESC) AS place, toString(key) AS order_key,
toUnixTimestamp64Nano(at) AS at_ns, session_id
FROM (SELECT toUnixTimestamp64Nano(start_time) AS key, start_time AS at, session_id FROM (
SELECT session_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND session_id != '' AND start_time <= fromUnixTimestamp64Nano({after_key:Int64}, 'UTC') AND (start_time < fromUnixTimestamp64Nano({after_key:Int64}, 'UTC') OR (start_time = fromUnixTimestamp64Nano({after_key:Int64}, 'UTC') AND (session_id < {after_id:String}))) AND session_id GLOBAL NOT IN (SELECT session_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND session_id != '' AND start_time >= fromUnixTimestamp64Nano({after_key:Int64}, 'UTC') AND NOT (start_time < fromUnixTimestamp64Nano({after_key:Int64}, 'UTC') OR (start_time = fromUnixTimestamp64Nano({after_key:Int64}, 'UTC') AND (session_id < {after_id:String}))))
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, session_id DESC
LIMIT 1 BY session_id LIMIT {upto:UInt32})
ORDER BY start_time DESC, session_id DESC LIMIT 1 BY session_id LIMIT {page:UInt32} OFFSET {offset:UInt32})
SETTINGS read_in_order_use_buffering = 0, max_block_size = 8192

-- members
-- {'end_ns': 2, 'project': 'p', 'start_ns': 1}
SELECT DISTINCT trace_id, session_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND session_id IN (SELECT session_id FROM page)

-- sessions
-- {'end_ns': 2, 'project': 'p', 'start_ns': 1}
WITH told AS (
SELECT session_id, trace_id, span_id, parent_span_id, start_time, status, user_id, input_preview, usage_counted,
input_tokens, output_tokens, cost_usd
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND session_id IN (SELECT session_id FROM page) LIMIT 1 BY trace_id, span_id),
judged AS (
SELECT session_id, avg(value) AS score FROM (
SELECT session_id, value FROM (
SELECT trace_id, argMax(tuple(value), updated_at).1 AS value FROM scores
WHERE project = {project:String} AND trace_id IN (SELECT trace_id FROM members)
GROUP BY trace_id, name, score_id HAVING argMax(is_deleted, updated_at) = 0 AND argMax(tuple(value), updated_at).1 IS NOT NULL) AS given
INNER JOIN members USING (trace_id)
UNION ALL
SELECT session_id, value FROM scores FINAL
WHERE project = {project:String} AND value IS NOT NULL AND trace_id = toFixedString('', 16)
AND session_id IN (SELECT session_id FROM page))
GROUP BY session_id)
SELECT told.session_id AS session_id,
argMaxIf(user_id, start_time, user_id != '') AS user_id,
min(start_time) AS first_time,
max(start_time) AS last_time,
uniqExact(trace_id) AS traces,
count() AS spans,
sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), usage_counted) AS total_tokens,
if(countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, toFloat64(sumIf(ifNull(cost_usd, 0), usage_counted))) AS cost_usd,
countIf(status = 'error') AS errors,
any(judged.score) AS score,
argMaxIf(input_preview, start_time, input_preview != '') AS input_preview,
any(page.order_key) AS order_key
FROM told LEFT JOIN judged USING (session_id) INNER JOIN page USING (session_id)
GROUP BY told.session_id
ORDER BY any(page.place)
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1, optimize_use_projections = 1, preferred_optimize_projection_name = 'of_trace'
