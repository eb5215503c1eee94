-- totals of latency_p95_seconds
-- {'end_ns': 0, 'f_model': ('m',), 'f_status': ('error',), 'f_tag': ('a', 'b'), 'project': 'p', 'q': 'lost parcel', 'start_ns': 0}
SELECT latency_p95_seconds AS value FROM (SELECT
quantileTDigestWeightedIf(0.95)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted) AS latency_p95_seconds
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND status IN {f_status:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND (hasAllTokens(lower(input), lower({q:String})) OR hasAllTokens(lower(output), lower({q:String})) OR positionCaseInsensitive(name, {q:String}) > 0 OR user_id = {q:String} OR session_id = {q:String})
SETTINGS prefer_column_name_to_alias = 1)
