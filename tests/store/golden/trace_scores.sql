-- scores of a trace
-- {'project': 'p', 'trace_id': '00000000000000000000000000000000'}
SELECT project, name, score_id, toUnixTimestamp64Nano(timestamp) AS timestamp_ns, if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, session_id, data_type, value, text_value, source, comment, evaluator_id, metadata, toUnixTimestamp64Nano(updated_at) AS updated_at_ns FROM (
SELECT * FROM (
SELECT * FROM scores WHERE project = {project:String} AND trace_id = unhex({trace_id:String})
ORDER BY updated_at DESC LIMIT 1 BY trace_id, name, score_id)
WHERE is_deleted = 0)
ORDER BY timestamp, score_id
SETTINGS optimize_use_projections = 1, preferred_optimize_projection_name = 'of_trace'
