-- what the selected spans have that others do not
-- {'end_ns': 2, 'f_model': ('m',), 'f_tag': ('a', 'b'), 'f_user_id': ('u',), 'fewest': 3, 'limit': 200, 'min_cost_usd': 0.1, 'min_duration_ns': 2000000000, 'most_hours': 1, 'project': 'p', 'sample': 20000, 'start_ns': 1, 'told_by': ('field.user_id',)}
WITH (SELECT (countIf(project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id IN {f_user_id:Array(String)} AND duration_ns >= toUInt64({min_duration_ns:UInt64}) AND ifNull(toFloat64(cost_usd) >= {min_cost_usd:Float64}, false)) AS selected, toUInt64(count() - selected)) FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)})) AS there_are,
greatest(1, least({most_hours:UInt64}, intDiv(least(there_are.1, there_are.2), {sample:UInt64}))) AS hours,
compared AS (
SELECT source, key, value, countIf(is_selected) AS selected, countIf(NOT is_selected) AS others
FROM (
SELECT (project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND user_id IN {f_user_id:Array(String)} AND duration_ns >= toUInt64({min_duration_ns:UInt64}) AND ifNull(toFloat64(cost_usd) >= {min_cost_usd:Float64}, false)) AS is_selected, arrayConcat([('', '', '')],
arrayFilter(pair -> pair.3 != '', [('field', 'service', toString(service)), ('field', 'environment', toString(environment)), ('field', 'release', toString(release)), ('field', 'name', toString(name)), ('field', 'kind', toString(kind)), ('field', 'status', toString(status)), ('field', 'provider', toString(provider)), ('field', 'model', toString(if(response_model != '', response_model, request_model))), ('field', 'request_model', toString(request_model)), ('field', 'response_model', toString(response_model)), ('field', 'user_id', toString(user_id)), ('field', 'session_id', toString(session_id)), ('field', 'prompt_name', toString(prompt_name)), ('field', 'prompt_version', toString(prompt_version)), ('field', 'error_type', toString(error_type))]),
arrayMap(tag -> ('tag', '', toString(tag)), arrayDistinct(tags)),
arrayMap((k, v) -> ('parameter', toString(k), leftUTF8(v, 200)), mapKeys(parameters), mapValues(parameters)),
arrayMap((k, v) -> ('metadata', toString(k), leftUTF8(v, 200)), mapKeys(metadata), mapValues(metadata)),
arrayMap((k, v) -> ('attribute', toString(k), leftUTF8(v, 200)), mapKeys(attributes), mapValues(attributes)),
arrayMap((k, v) -> ('resource', toString(k), leftUTF8(v, 200)), mapKeys(resource), mapValues(resource))) AS pairs
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)} AND hasAny(tags, {f_tag:Array(String)})
AND cityHash64(toStartOfHour(start_time)) % hours = 0
AND cityHash64(trace_id, span_id) % greatest(1, intDiv(
intDiv(if(is_selected, there_are.1, there_are.2), hours) + {sample:UInt64} - 1, {sample:UInt64})) = 0
)
ARRAY JOIN pairs.1 AS source, pairs.2 AS key, pairs.3 AS value
GROUP BY source, key, value
HAVING source = ''
OR (selected >= {fewest:UInt32} AND NOT has({told_by:Array(String)}, concat(source, '.', key)))
)
SELECT source, key, value, selected, others,
max(selected) OVER () AS sampled_selected, max(others) OVER () AS sampled_others,
there_are.1 AS selected_spans, there_are.2 AS other_spans, count() OVER () - 1 AS candidates
FROM compared
ORDER BY source = '', selected / sampled_selected - others / sampled_others DESC, source, key, value
LIMIT {limit:UInt32}
