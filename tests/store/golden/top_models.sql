-- top model by cost_usd
-- {'before_end_ns': 1, 'before_start_ns': 0, 'end_ns': 2, 'f_model': ('m',), 'f_tag': ('a', 'b'), 'limit': 50, 'project': 'p', 'start_ns': 1}
SELECT *, cost_usd / nullIf(sum(cost_usd) OVER (), 0) AS share
FROM (
SELECT group, anyIf(cost_usd, is_now) AS cost_usd, anyIf(calls, is_now) AS calls,
anyOrNullIf(cost_usd, NOT is_now) AS cost_usd_before, anyOrNullIf(calls, NOT is_now) AS calls_before
FROM (
SELECT true AS is_now, if(response_model != '', response_model, request_model) AS group,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) GROUP BY group
UNION ALL
SELECT false AS is_now, if(response_model != '', response_model, request_model) AS group,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({before_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({before_end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)}) GROUP BY group
)
GROUP BY group HAVING max(is_now)
)
QUALIFY group != ''
ORDER BY cost_usd DESC NULLS LAST, group
LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
