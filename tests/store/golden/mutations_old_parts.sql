-- replaced parts
-- {'before': 1, 'table': 'spans'}
SELECT count() AS parts FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND NOT active
AND toUnixTimestamp(remove_time) <= {before:UInt32}
