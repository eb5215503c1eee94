-- progress of a mutation
-- {'cluster': 'c', 'database': 'd', 'marker': 'm', 'table': 'spans_local'}
SELECT any(mutation_id) AS mutation_id, min(is_done) AS is_done, max(latest_fail_reason) AS failure
FROM clusterAllReplicas({cluster:String}, system.mutations)
WHERE database = {database:String} AND table = {table:String} AND position(command, {marker:String}) > 0
HAVING count() > 0
