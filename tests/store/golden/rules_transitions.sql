-- alert transitions
-- {'limit': 201, 'project': 'p', 'rule_id': 'r'}
SELECT project, rule_id, toUnixTimestamp64Nano(at) AS at_ns, from_state, to_state, value, threshold, toUnixTimestamp64Nano(since) AS since_ns, notified, message FROM alert_transitions
WHERE project = {project:String} AND rule_id = {rule_id:String}
ORDER BY at DESC LIMIT {limit:UInt32}
