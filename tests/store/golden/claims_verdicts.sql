-- verdicts on claims
-- {}
SELECT lower(hex(claim_verdicts.digest)) AS digest, min(collector) AS collector FROM claim_verdicts WHERE claim_verdicts.digest IN mine GROUP BY claim_verdicts.digest SETTINGS load_balancing = 'in_order', prefer_localhost_replica = 0, distributed_replica_max_ignored_errors = 1000, max_threads = 1
