-- own claims
-- {'collector': 'c', 'group_id': 'g'}
SELECT count() > 0 AS claimed FROM claims
PREWHERE claims.digest IN mine
WHERE collector = {collector:String} AND group_id = {group_id:String}
SETTINGS load_balancing = 'in_order', prefer_localhost_replica = 0, distributed_replica_max_ignored_errors = 1000, max_threads = 1
