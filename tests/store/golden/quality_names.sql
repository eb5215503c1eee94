-- score names
-- {'end_ns': 2, 'limit': 201, 'project': 'p', 'start_ns': 1}
SELECT name, data_type, count() AS count FROM scores FINAL
WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
GROUP BY name, data_type ORDER BY count DESC, name LIMIT {limit:UInt32}
