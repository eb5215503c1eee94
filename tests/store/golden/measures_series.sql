-- series of calls, cost_usd, latency_p95_seconds
-- {'end_ns': 2, 'f_model': ('m',), 'f_status': ('error',), 'f_tag': ('a', 'b'), 'interval_seconds': 60, 'project': 'p', 'q': 'lost parcel', 'q_words': 'lost parcel', 'start_ns': 1}
SELECT toDateTime64(toStartOfInterval(start_time, toIntervalSecond({interval_seconds:UInt32}), 'UTC'), 3, 'UTC') AS bucket,
if(response_model != '', response_model, request_model) AS group,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted)[2] AS latency_p95_seconds
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND status IN {f_status:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND (((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String})))) OR positionCaseInsensitive(name, {q:String}) > 0 OR user_id = {q:String} OR session_id = {q:String} OR (trace_id, span_id) IN (SELECT trace_id, span_id FROM span_details WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64} - 86400000000000, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64} + 86400000000000, 'UTC') AND ((hasAllTokens(lower(input), lower({q_words:String}))) OR (hasAllTokens(lower(output), lower({q_words:String}))))))
GROUP BY bucket, group
ORDER BY bucket, group
SETTINGS prefer_column_name_to_alias = 1
