-- models without a price
-- {'end_ns': 2, 'limit': 200, 'start_ns': 1}
SELECT project, provider, if(response_model != '', response_model, request_model) AS model, sum(sampling_weight) AS calls,
sumIf(sampling_weight, input_tokens IS NULL) AS untold_calls,
sum(ifNull(spans.input_tokens, 0) * sampling_weight) AS input_tokens,
sum(ifNull(spans.output_tokens, 0) * sampling_weight) AS output_tokens,
toUnixTimestamp64Nano(min(start_time)) AS first_ns, toUnixTimestamp64Nano(max(start_time)) AS last_ns
FROM spans
WHERE 1 AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL
GROUP BY project, provider, model
ORDER BY sum(ifNull(spans.input_tokens, 0) + ifNull(spans.output_tokens, 0)) DESC, calls DESC, project, provider, model
LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
