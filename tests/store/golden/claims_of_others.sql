-- claims of others
-- {'collector': 'c', 'recent': 3600}
SELECT lower(hex(claims.digest)) AS digest, collector, yielded FROM claims
PREWHERE claims.digest IN mine
WHERE collector != {collector:String} AND at >= now('UTC') - {recent:UInt32}
SETTINGS load_balancing = 'in_order', prefer_localhost_replica = 0, distributed_replica_max_ignored_errors = 1000, max_threads = 1
