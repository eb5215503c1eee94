-- cost by model in two windows
-- {'before_end_ns': 1, 'before_start_ns': 0, 'end_ns': 2, 'f_model': ('m',), 'f_tag': ('a', 'b'), 'project': 'p', 'start_ns': 1}
SELECT true AS is_now, if(response_model != '', response_model, request_model) AS model,
sumIf(sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS calls,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL) AS unpriced_calls,
sumIf(toFloat64(ifNull(input_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS input_tokens,
sumIf(toFloat64(ifNull(cache_read_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_read_tokens,
sumIf(toFloat64(ifNull(cache_write_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_write_tokens,
sumIf(toFloat64(ifNull(output_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS output_tokens,
sumIf(toFloat64(ifNull(input_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS input_cost_usd,
sumIf(toFloat64(ifNull(cache_read_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_read_cost_usd,
sumIf(toFloat64(ifNull(cache_write_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_write_cost_usd,
sumIf(toFloat64(ifNull(output_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS output_cost_usd,
sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cost_usd
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) GROUP BY model HAVING calls + unpriced_calls > 0
UNION ALL
SELECT false AS is_now, if(response_model != '', response_model, request_model) AS model,
sumIf(sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS calls,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL) AS unpriced_calls,
sumIf(toFloat64(ifNull(input_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS input_tokens,
sumIf(toFloat64(ifNull(cache_read_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_read_tokens,
sumIf(toFloat64(ifNull(cache_write_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_write_tokens,
sumIf(toFloat64(ifNull(output_tokens, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS output_tokens,
sumIf(toFloat64(ifNull(input_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS input_cost_usd,
sumIf(toFloat64(ifNull(cache_read_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_read_cost_usd,
sumIf(toFloat64(ifNull(cache_write_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cache_write_cost_usd,
sumIf(toFloat64(ifNull(output_cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS output_cost_usd,
sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted AND cost_usd IS NOT NULL) AS cost_usd
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) GROUP BY model HAVING calls + unpriced_calls > 0
SETTINGS prefer_column_name_to_alias = 1
