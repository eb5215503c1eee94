-- history of latency_p95_seconds
-- {'end_ns': 2, 'f_model': ('m',), 'f_status': ('error',), 'f_tag': ('a', 'b'), 'first': 0, 'last': 0, 'project': 'p', 'q': 'lost parcel', 'start_ns': -299999999999, 'step_ns': 60000000000, 'width_ns': 300000000000}
SELECT n * {step_ns:Int64} AS tick, quantileTDigestWeightedIf(0.95)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted) AS value
FROM (SELECT *, toUnixTimestamp64Nano(start_time) AS at_ns, arrayJoin(range(
intDiv(at_ns, {step_ns:Int64}) + 1,
intDiv(at_ns + {width_ns:Int64}, {step_ns:Int64}) + 1)) AS n FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND status IN {f_status:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) AND (hasAllTokens(lower(input), lower({q:String})) OR hasAllTokens(lower(output), lower({q:String})) OR positionCaseInsensitive(name, {q:String}) > 0 OR user_id = {q:String} OR session_id = {q:String}))
WHERE n > {first:Int64} AND n <= {last:Int64}
GROUP BY n ORDER BY n
