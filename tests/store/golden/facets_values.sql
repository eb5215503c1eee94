-- values of model
-- {'end_ns': 2, 'limit': 101, 'project': 'p', 'start_ns': 1}
SELECT if(response_model != '', response_model, request_model) AS value,
count() AS count
FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
GROUP BY value HAVING value != '' ORDER BY count DESC, value LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
