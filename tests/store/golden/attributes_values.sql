-- attribute values
-- {'contains': 'pr', 'end_ns': 2, 'key': 'plan', 'limit': 101, 'project': 'p', 'start_ns': 1}
SELECT metadata[{key:String}] AS value, count() AS count FROM spans
WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND mapContains(metadata, {key:String})
GROUP BY value HAVING positionCaseInsensitiveUTF8(value, {contains:String}) > 0
ORDER BY count DESC, value LIMIT {limit:UInt32}
