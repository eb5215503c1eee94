-- days without roll-ups
-- {'age_seconds': 21600, 'most_days': 3, 'roll_ups': 4, 'tables': ('spans',)}
SELECT DISTINCT partition_id FROM system.parts
WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)} AND rows > 0 AND partition_id < formatDateTime(now('UTC'), '%Y%m%d')
AND modification_time <= now() - {age_seconds:UInt32}
AND name NOT IN (SELECT parent_name FROM system.projection_parts WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}
GROUP BY parent_name HAVING uniqExact(name) >= {roll_ups:UInt32})
AND (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table IN {tables:Array(String)} AND NOT is_done) = 0
ORDER BY partition_id DESC LIMIT {most_days:UInt32}
