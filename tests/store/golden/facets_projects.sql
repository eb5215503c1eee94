-- projects
-- {'end_ns': 2, 'limit': 1001, 'start_ns': 1}
SELECT DISTINCT project FROM spans WHERE start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') ORDER BY project LIMIT {limit:UInt32}
