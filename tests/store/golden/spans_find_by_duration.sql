-- spans
-- {'end_ns': 2, 'offset': 0, 'page': 101, 'project': 'p', 'start_ns': 1, 'upto': 101}
WITH (SELECT groupArray((key, at, trace_id, span_id)) FROM (
SELECT * FROM (
SELECT toInt64(duration_ns) AS key, start_time AS at, trace_id, span_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
ORDER BY key DESC, trace_id DESC, span_id DESC LIMIT 3 * {upto:UInt32})
ORDER BY key DESC, trace_id DESC, span_id DESC LIMIT 1 BY trace_id, span_id LIMIT {page:UInt32} OFFSET {offset:UInt32})) AS page
SELECT lower(hex(trace_id)) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, name, toString(page.1[indexOf(arrayZip(page.3, page.4), (trace_id, span_id))]) AS order_key
FROM spans
WHERE project = {project:String}
AND (toStartOfMinute(start_time), trace_id) IN (SELECT toStartOfMinute(at), id FROM (SELECT arrayJoin(page) AS row, row.2 AS at, row.3 AS id, row.4 AS span))
AND (start_time, trace_id, span_id) IN (SELECT at, id, span FROM (SELECT arrayJoin(page) AS row, row.2 AS at, row.3 AS id, row.4 AS span))
ORDER BY indexOf(arrayZip(page.3, page.4), (trace_id, span_id))
LIMIT 1 BY trace_id, span_id
SETTINGS read_in_order_use_buffering = 0, max_block_size = 8192
