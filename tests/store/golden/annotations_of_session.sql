-- annotations of a session
-- {'project': 'p', 'session_id': 's'}
SELECT project, annotation_id, text, author, toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns, if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, session_id, label FROM annotations FINAL
WHERE project = {project:String} AND session_id = {session_id:String}
ORDER BY created_at
