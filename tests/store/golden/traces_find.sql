-- page
-- {'end_ns': 2, 'f_model': ('m',), 'f_tag': ('a', 'b'), 'offset': 200, 'page': 101, 'project': 'p', 'q': 'lost parcel', 'q_words': 'lost parcel', 'start_ns': 1, 'upto': 301, 'wide_end_ns': 86400000000002, 'wide_start_ns': -86399999999999}
SELECT row_number() OVER (ORDER BY key DESC, trace_id DESC) AS place, toString(key) AS order_key,
toUnixTimestamp64Nano(at) AS at_ns, trace_id
FROM (SELECT toUnixTimestamp64Nano(start_time) AS key, start_time AS at, trace_id FROM (
SELECT trace_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND ((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String})))) AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({wide_end_ns:Int64}, 'UTC') AND status = 'error')
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC
LIMIT 1 BY trace_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND positionCaseInsensitive(name, {q:String}) > 0 AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({wide_end_ns:Int64}, 'UTC') AND status = 'error')
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC
LIMIT 1 BY trace_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND user_id = {q:String} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({wide_end_ns:Int64}, 'UTC') AND status = 'error')
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC
LIMIT 1 BY trace_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND session_id = {q:String} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({wide_end_ns:Int64}, 'UTC') AND status = 'error')
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC
LIMIT 1 BY trace_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND (trace_id, span_id) IN (SELECT trace_id, span_id FROM span_details WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64} - 86400000000000, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64} + 86400000000000, 'UTC') AND ((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String}))))) AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({wide_end_ns:Int64}, 'UTC') AND status = 'error')
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC
LIMIT 1 BY trace_id LIMIT {upto:UInt32})
ORDER BY start_time DESC, trace_id DESC LIMIT 1 BY trace_id LIMIT {page:UInt32} OFFSET {offset:UInt32})
SETTINGS read_in_order_use_buffering = 0, max_block_size = 8192

-- traces
-- {'project': 'p'}
WITH told AS (
SELECT trace_id, span_id, parent_span_id, start_time, duration_ns, name, service, environment, status, kind,
request_model, response_model, user_id, session_id, input_preview, output_preview, usage_counted,
input_tokens, output_tokens, cost_usd
FROM spans WHERE project = {project:String} AND trace_id IN (SELECT trace_id FROM page) AND start_time >= (SELECT subtractNanoseconds(min(at), 86400000000000) FROM page) AND start_time <= (SELECT addNanoseconds(max(at), 86400000000000) FROM page)
LIMIT 1 BY trace_id, span_id),
said AS (
SELECT trace_id, span_id, argMaxIf(input_preview, (start_time, position), input_preview != '') AS input_preview, argMaxIf(output_preview, (start_time, position), output_preview != '') AS output_preview
FROM span_details WHERE project = {project:String} AND trace_id GLOBAL IN (SELECT trace_id FROM page)
GROUP BY trace_id, span_id),
judged AS (
SELECT trace_id, avg(value) AS score FROM (
SELECT trace_id, argMax(tuple(value), updated_at).1 AS value FROM scores
WHERE project = {project:String} AND trace_id IN (SELECT trace_id FROM page)
GROUP BY trace_id, name, score_id HAVING argMax(is_deleted, updated_at) = 0 AND argMax(tuple(value), updated_at).1 IS NOT NULL)
GROUP BY trace_id)
SELECT lower(hex(trace_id)) AS trace_id,
min(told.start_time) AS start_time,
toUnixTimestamp64Nano(min(told.start_time)) AS start_ns,
(max(toUnixTimestamp64Nano(start_time) + toInt64(duration_ns)) - min(toUnixTimestamp64Nano(start_time))) / 1e9 AS duration_seconds,
argMin(name, (parent_span_id != 0, told.start_time)) AS name,
argMin(service, (parent_span_id != 0, told.start_time)) AS service,
argMin(environment, (parent_span_id != 0, told.start_time)) AS environment,
if(countIf(status = 'error') > 0, 'error', 'ok') AS status,
arraySort(groupUniqArrayIf(if(response_model != '', response_model, request_model),
kind IN ('llm', 'embedding', 'rerank') AND (response_model != '' OR request_model != ''))) AS models,
anyIf(user_id, user_id != '') AS user_id,
anyIf(session_id, session_id != '') AS session_id,
argMin(if(told.input_preview != '', told.input_preview, said.input_preview), (parent_span_id != 0, told.start_time))
AS input_preview,
argMin(if(told.output_preview != '', told.output_preview, said.output_preview), (parent_span_id != 0, told.start_time))
AS output_preview,
sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), usage_counted) AS total_tokens,
if(countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, toFloat64(sumIf(ifNull(cost_usd, 0), usage_counted))) AS cost_usd,
count() AS spans,
countIf(status = 'error') AS errors,
any(judged.score) AS score,
any(page.order_key) AS order_key
FROM told LEFT JOIN judged USING (trace_id) LEFT JOIN said USING (trace_id, span_id)
INNER JOIN page USING (trace_id)
GROUP BY told.trace_id
ORDER BY any(page.place)
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1, optimize_use_projections = 1, preferred_optimize_projection_name = 'of_trace'
