-- progress of a mutation
-- {'marker': 'm', 'table': 'spans'}
SELECT any(mutation_id) AS mutation_id, min(is_done) AS is_done, max(latest_fail_reason) AS failure
FROM system.mutations
WHERE database = currentDatabase() AND table = {table:String} AND position(command, {marker:String}) > 0
HAVING count() > 0
