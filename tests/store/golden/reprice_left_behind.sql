-- lookup tables left behind
-- {'prefix': 'repriced_', 'seconds': 3600}
SELECT name FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, {prefix:String})
AND metadata_modification_time < now() - {seconds:UInt32}
AND NOT arrayExists(command -> position(command, name) > 0, (
SELECT groupArray(command) FROM system.mutations
WHERE database = currentDatabase() AND table = 'spans' AND NOT is_done
))
ORDER BY name
