-- presence of rows
-- {'leeway': 7200}
SELECT uniqExact(project, trace_id, span_id) AS sent, uniqExactIf(project, trace_id, span_id, (project, trace_id, span_id) IN
(
SELECT project, trace_id, span_id FROM spans
WHERE trace_id IN (SELECT trace_id FROM mine)
AND start_time BETWEEN (SELECT min(start_time) FROM mine) - toIntervalSecond({leeway:UInt32})
AND (SELECT max(start_time) FROM mine) + toIntervalSecond({leeway:UInt32})
)) AS stored
FROM mine
SETTINGS load_balancing = 'in_order', prefer_localhost_replica = 0, distributed_replica_max_ignored_errors = 1000
