-- give up a mutation
-- {'marker': 'm', 'table': 'spans'}
WHERE database = currentDatabase() AND table = {table:String} AND position(command, {marker:String}) > 0
