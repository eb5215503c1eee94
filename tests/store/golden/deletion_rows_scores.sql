-- rows to go of scores
-- {'before_ns': 1, 'project': 'p'}
SELECT project, name, score_id, toUnixTimestamp64Nano(timestamp) AS timestamp_ns, if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, session_id, data_type, value, text_value, source, comment, evaluator_id, metadata, toUnixTimestamp64Nano(updated_at) AS updated_at_ns FROM scores FINAL
WHERE scores.project = {project:String} AND
(scores.trace_id IN doomed_traces OR (timestamp < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC') AND session_id IN doomed_sessions))
