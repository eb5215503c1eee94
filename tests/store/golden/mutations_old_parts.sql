-- replaced parts
-- {'table': 'spans'}
SELECT count() AS parts FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND NOT active
