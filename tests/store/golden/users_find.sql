-- users
-- {'end_ns': 2, 'offset': 0, 'page': 101, 'project': 'p', 'start_ns': 1, 'upto': 101}
WITH (SELECT groupArray((key, at, user_id)) FROM (
SELECT toDecimal128(ifNull(ifNotFinite(uniq(trace_id) * avg(sampling_weight), 0), 0), 9) AS key, max(start_time) AS at, user_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id != ''
GROUP BY user_id
ORDER BY key DESC, user_id DESC LIMIT {page:UInt32} OFFSET {offset:UInt32})) AS page
SELECT user_id,
min(start_time) AS first_time,
max(start_time) AS last_time,
count() AS spans,
ifNotFinite(uniq(trace_id) * avg(sampling_weight), 0) AS traces,
ifNotFinite(uniqIf(trace_id, status = 'error') * avgIf(sampling_weight, status = 'error'), 0) AS trace_errors,
(sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted)) + (sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted)) AS total_tokens,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd,
toFloat64(uniqIf(session_id, session_id != '')) AS sessions,
toString(page.1[indexOf(page.3, user_id)]) AS order_key
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id IN (SELECT arrayJoin(page.3))
GROUP BY user_id
ORDER BY page.1[indexOf(page.3, user_id)] DESC, user_id DESC
SETTINGS prefer_column_name_to_alias = 1, read_in_order_use_buffering = 0, max_block_size = 8192
