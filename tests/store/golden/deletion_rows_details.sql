-- rows to go of span_details
-- {'project': 'p'}
SELECT lower(hex(trace_id)) AS trace_id, lower(hex(span_id)) AS span_id, toUnixTimestamp64Nano(start_time) AS start_ns, name, session_id, user_id, tags, metadata, provider, request_model, response_model, response_id, system_fingerprint, service_tier, input, output, input_preview, output_preview, parameters, finish_reasons, tool_names, prompt_name, prompt_version, attributes FROM span_details FINAL
WHERE span_details.project = {project:String} AND
(span_details.trace_id IN doomed_traces)
