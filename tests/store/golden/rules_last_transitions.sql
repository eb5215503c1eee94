-- last alert transitions
-- {}
SELECT project, rule_id, toUnixTimestamp64Nano(at) AS at_ns, from_state, to_state, value, threshold, toUnixTimestamp64Nano(since) AS since_ns, notified, message FROM alert_transitions  ORDER BY at DESC LIMIT 1 BY project, rule_id
