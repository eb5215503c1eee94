-- own claims
-- {'collector': 'c', 'group_id': 'g'}
SELECT count() > 0 AS claimed FROM claims
PREWHERE claims.digest IN mine
WHERE collector = {collector:String} AND group_id = {group_id:String}
SETTINGS max_threads = 1
