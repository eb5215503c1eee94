-- what is to go of scores
-- {'before_ns': 1, 'project': 'p'}
SELECT _partition_id AS partition, count() AS rows,
arraySort(groupUniqArrayIf(lower(hex(trace_id)), trace_id IN doomed_traces)) AS traces,
arraySort(arrayFilter(s -> s != '', groupUniqArray(if(timestamp < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC') AND session_id IN doomed_sessions, session_id, '')))) AS sessions
FROM scores
WHERE project = {project:String} AND
(trace_id IN doomed_traces OR (timestamp < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC') AND session_id IN doomed_sessions))
GROUP BY partition ORDER BY partition
