-- page
-- {'end_ns': 2, 'offset': 0, 'page': 101, 'project': 'p', 'start_ns': 1, 'upto': 101}
SELECT row_number() OVER (ORDER BY key DESC, user_id DESC) AS place, toString(key) AS order_key,
toUnixTimestamp64Nano(at) AS at_ns, user_id
FROM (SELECT toDecimal128(ifNull(ifNotFinite(uniq(trace_id) * sum(sampling_weight) / count(), 0), 0), 9) AS key, max(start_time) AS at, user_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id != ''
GROUP BY user_id
ORDER BY key DESC, user_id DESC LIMIT {page:UInt32} OFFSET {offset:UInt32})
SETTINGS read_in_order_use_buffering = 0, max_block_size = 8192

-- users
-- {'end_ns': 2, 'project': 'p', 'start_ns': 1}
SELECT theirs.*, page.order_key AS order_key FROM (
SELECT user_id,
min(start_time) AS first_time,
max(start_time) AS last_time,
count() AS spans,
ifNotFinite(uniq(trace_id) * sum(sampling_weight) / count(), 0) AS traces,
ifNotFinite(uniqIf(trace_id, status = 'error') * sumIf(sampling_weight, status = 'error') / countIf(status = 'error'), 0) AS trace_errors,
(sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted)) + (sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted)) AS total_tokens,
if(countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted)) AS cost_usd,
toFloat64(uniqIf(session_id, session_id != '')) AS sessions
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id IN (SELECT user_id FROM page)
GROUP BY user_id) AS theirs INNER JOIN page USING (user_id)
ORDER BY page.place
SETTINGS prefer_column_name_to_alias = 1
