-- calls, cost_usd beside the time before
-- {'before_end_ns': 1, 'before_start_ns': 0, 'end_ns': 2, 'f_model': ('m',), 'f_tag': ('a', 'b'), 'project': 'p', 'start_ns': 1}
SELECT anyIf(calls, is_now) AS calls, anyIf(cost_usd, is_now) AS cost_usd,
anyOrNullIf(calls, NOT is_now) AS calls_before, anyOrNullIf(cost_usd, NOT is_now) AS cost_usd_before
FROM (
SELECT true AS is_now,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)})
UNION ALL
SELECT false AS is_now,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)})
HAVING count() > 0
)
SETTINGS prefer_column_name_to_alias = 1
