-- prices applied
-- {'end_ns': 2, 'limit': 500, 'project': 'p', 'start_ns': 1}
SELECT provider, if(response_model != '', response_model, request_model) AS model, cost_source, price_id, sum(sampling_weight) AS calls,
sum(toFloat64(spans.cost_usd) * sampling_weight) AS cost_usd,
sum(toFloat64(input_cost_usd + ifNull(cache_read_cost_usd, 0) + ifNull(cache_write_cost_usd, 0))) * 1e6 / nullIf(sumIf(input_tokens, (input_cost_usd + ifNull(cache_read_cost_usd, 0) + ifNull(cache_write_cost_usd, 0)) IS NOT NULL), 0) AS input_usd,
sum(toFloat64(output_cost_usd)) * 1e6 / nullIf(sumIf(output_tokens, (output_cost_usd) IS NOT NULL), 0) AS output_usd
FROM spans
WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND cost_usd IS NOT NULL
GROUP BY provider, model, cost_source, price_id
ORDER BY calls DESC, provider, model, price_id
LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
