-- totals of calls, traces, errors, error_ratio, trace_errors, trace_error_ratio, cost_usd, unpriced_calls, cost_per_call_usd, input_tokens, output_tokens, total_tokens, latency_p50_seconds, latency_p95_seconds, latency_p99_seconds, trace_latency_p50_seconds, trace_latency_p95_seconds, trace_latency_p99_seconds, time_to_first_token_p50_seconds, time_to_first_token_p95_seconds, output_tokens_per_second, users, sessions
-- {'end_ns': 2, 'project': 'p', 'start_ns': 1}
SELECT sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls,
ifNotFinite(uniq(trace_id) * sum(sampling_weight) / count(), 0) AS traces,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status = 'error') AS errors,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status = 'error') / nullIf(sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted), 0) AS error_ratio,
ifNotFinite(uniqIf(trace_id, status = 'error') * sumIf(sampling_weight, status = 'error') / countIf(status = 'error'), 0) AS trace_errors,
ifNotFinite(uniqIf(trace_id, status = 'error') * sumIf(sampling_weight, status = 'error') / countIf(status = 'error'), 0) / nullIf(ifNotFinite(uniq(trace_id) * sum(sampling_weight) / count(), 0), 0) AS trace_error_ratio,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL) AS unpriced_calls,
sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) / nullIf(sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND cost_usd IS NOT NULL), 0) AS cost_per_call_usd,
sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted) AS input_tokens,
sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted) AS output_tokens,
(sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted)) + (sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted)) AS total_tokens,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted)[1] AS latency_p50_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted)[2] AS latency_p95_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted)[3] AS latency_p99_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), parent_span_id = 0)[1] AS trace_latency_p50_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), parent_span_id = 0)[2] AS trace_latency_p95_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), parent_span_id = 0)[3] AS trace_latency_p99_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(ifNull(time_to_first_token_ns, 0) / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted AND time_to_first_token_ns IS NOT NULL)[1] AS time_to_first_token_p50_seconds,
quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(ifNull(time_to_first_token_ns, 0) / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted AND time_to_first_token_ns IS NOT NULL)[2] AS time_to_first_token_p95_seconds,
sumIf(ifNull(output_tokens, 0), kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL) / nullIf(sumIf(duration_ns, kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL) / 1e9, 0) AS output_tokens_per_second,
toFloat64(uniqIf(user_id, user_id != '')) AS users,
toFloat64(uniqIf(session_id, session_id != '')) AS sessions
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
SETTINGS prefer_column_name_to_alias = 1
