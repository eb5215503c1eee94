-- attribute names seen
-- {'end_ns': 2, 'limit': 20001, 'project': 'p', 'start_ns': 1}
SELECT service, scope_name, scope_version, name, verdict, field, dialect, won_by, last_seen
FROM attribute_names FINAL
WHERE project = {project:String} AND last_seen >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND last_seen < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')
ORDER BY service, scope_name, name, verdict, field
LIMIT {limit:UInt32}
