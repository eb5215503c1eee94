-- totals of calls
-- {'end_ns': 2, 'limit': 100, 'project': 'p', 'start_ns': 1}
SELECT arrayJoin(tags) AS group,
sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted) AS calls
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
GROUP BY group ORDER BY calls DESC NULLS LAST, group LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
