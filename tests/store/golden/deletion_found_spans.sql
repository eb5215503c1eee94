-- what is to go of spans
-- {'project': 'p'}
SELECT _partition_id AS partition, count() AS rows,
arraySort(groupUniqArrayIf(lower(hex(trace_id)), trace_id IN doomed_traces)) AS traces,
[] AS sessions
FROM spans
WHERE project = {project:String} AND
(trace_id IN doomed_traces)
GROUP BY partition ORDER BY partition
