-- page
-- {'end_ns': 2, 'offset': 0, 'page': 101, 'project': 'p', 'q': 'arce lost', 'q_like_0': '%arce%', 'q_like_1': '%lost%', 'start_ns': 1, 'upto': 101}
SELECT row_number() OVER (ORDER BY key DESC, trace_id DESC, span_id DESC) AS place, toString(key) AS order_key,
toUnixTimestamp64Nano(at) AS at_ns, trace_id, span_id
FROM (SELECT toUnixTimestamp64Nano(start_time) AS key, start_time AS at, trace_id, span_id FROM (
SELECT trace_id, span_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND ((lower(input) LIKE lower({q_like_0:String}) AND lower(input) LIKE lower({q_like_1:String})) OR (lower(output) LIKE lower({q_like_0:String}) AND lower(output) LIKE lower({q_like_1:String})))
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC, span_id DESC
LIMIT 1 BY trace_id, span_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, span_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND positionCaseInsensitive(name, {q:String}) > 0
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC, span_id DESC
LIMIT 1 BY trace_id, span_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, span_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id = {q:String}
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC, span_id DESC
LIMIT 1 BY trace_id, span_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, span_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND session_id = {q:String}
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC, span_id DESC
LIMIT 1 BY trace_id, span_id LIMIT {upto:UInt32}
UNION ALL
SELECT trace_id, span_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND (trace_id, span_id) IN (SELECT trace_id, span_id FROM span_details WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64} - 86400000000000, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64} + 86400000000000, 'UTC') AND ((lower(input) LIKE lower({q_like_0:String}) AND lower(input) LIKE lower({q_like_1:String})) OR (lower(output) LIKE lower({q_like_0:String}) AND lower(output) LIKE lower({q_like_1:String}))))
ORDER BY toStartOfMinute(start_time) DESC, start_time DESC, trace_id DESC, span_id DESC
LIMIT 1 BY trace_id, span_id LIMIT {upto:UInt32})
ORDER BY start_time DESC, trace_id DESC, span_id DESC LIMIT 1 BY trace_id, span_id LIMIT {page:UInt32} OFFSET {offset:UInt32})
SETTINGS read_in_order_use_buffering = 0, max_block_size = 8192

-- spans
-- {'project': 'p'}
SELECT lower(hex(trace_id)) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, name, page.order_key AS order_key
FROM spans INNER JOIN page USING (trace_id, span_id)
WHERE project = {project:String}
AND (toStartOfMinute(start_time), trace_id) IN (SELECT toStartOfMinute(at), trace_id FROM page)
AND (start_time, trace_id, span_id) IN (SELECT at, trace_id, span_id FROM page)
ORDER BY page.place
LIMIT 1 BY trace_id, span_id
