-- claims of others
-- {'collector': 'c', 'recent': 3600}
SELECT lower(hex(claims.digest)) AS digest, collector, yielded FROM claims
PREWHERE claims.digest IN mine
WHERE collector != {collector:String} AND at >= now('UTC') - {recent:UInt32}
SETTINGS max_threads = 1
