-- details of traces
-- {'project': 'p', 'trace_ids': ('00000000000000000000000000000000',)}
SELECT lower(hex(trace_id)) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, name, session_id, user_id, tags, metadata, provider, request_model, response_model, response_id, system_fingerprint, service_tier, input, output, input_preview, output_preview, parameters, finish_reasons, tool_names, prompt_name, prompt_version, attributes FROM span_details
WHERE project = {project:String} AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
ORDER BY start_time, position, record_id
LIMIT 1 BY trace_id, span_id, record_id
