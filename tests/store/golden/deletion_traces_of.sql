-- traces of a user
-- {'before_ns': 9223372036854775807, 'project': 'p'}
SELECT DISTINCT lower(hex(trace_id)) AS trace_id FROM
(
SELECT trace_id FROM spans WHERE project = {project:String} AND user_id IN named AND start_time < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC')
UNION ALL
SELECT trace_id FROM span_details WHERE project = {project:String} AND user_id IN named AND start_time < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC')
)
