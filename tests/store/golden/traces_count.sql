-- count of traces
-- {'end_ns': 2, 'f_model': ('m',), 'f_tag': ('a', 'b'), 'most': 10000, 'offset': 0, 'page': 10001, 'project': 'p', 'q': 'lost parcel', 'q_words': 'lost parcel', 'start_ns': 1, 'upto': 10001, 'wide_end_ns': 86400000000002, 'wide_start_ns': -86399999999999}
SELECT least(count(), {most:UInt32}) AS traces, count() > {most:UInt32} AS more FROM (
SELECT toUnixTimestamp64Nano(start_time) AS key, start_time AS at, trace_id FROM (
SELECT trace_id, start_time FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND ((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String}))) OR positionCaseInsensitive(name, {q:String}) > 0) AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({wide_end_ns:Int64}, 'UTC') AND status = 'error')
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
SETTINGS prefer_column_name_to_alias = 1, read_in_order_use_buffering = 0, max_block_size = 8192
