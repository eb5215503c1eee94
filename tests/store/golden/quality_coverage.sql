-- score coverage
-- {'end_ns': 2, 'f_model': ('m',), 'f_status': ('error',), 'f_tag': ('a', 'b'), 'project': 'p', 'q': 'lost parcel', 'q_words': 'lost parcel', 'score_name': 'quality', 'start_ns': 1}
SELECT count() AS traces,
countIf(trace_id IN (
SELECT trace_id FROM scores FINAL
WHERE project = {project:String} AND name = {score_name:String}
AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC'))) AS scored
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND status IN {f_status:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND (((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String})))) OR positionCaseInsensitive(name, {q:String}) > 0 OR user_id = {q:String} OR session_id = {q:String} OR (trace_id, span_id) IN (SELECT trace_id, span_id FROM span_details WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64} - 86400000000000, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64} + 86400000000000, 'UTC') AND ((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String})))))) AND parent_span_id = 0
