-- spans of a trace
-- {'limit': 20001, 'project': 'p', 'trace_id': '00000000000000000000000000000000'}
SELECT project, lower(hex(trace_id)) AS trace_id_hex, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, if(parent_span_id = 0, '', leftPad(lower(hex(parent_span_id)), 16, '0')) AS parent_span_id_hex, toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns, name, kind, status, error_type, error_message, service, environment, release, session_id, user_id, tags, metadata, provider, request_model, response_model, response_id, system_fingerprint, service_tier, input, output, input_preview, output_preview, parameters, finish_reasons, tool_names, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens, usage_counted, cost_usd, input_cost_usd, output_cost_usd, cache_read_cost_usd, cache_write_cost_usd, cost_source, price_id, time_to_first_token_ns, prompt_name, prompt_version, sampling_weight, attributes, resource, scope_name, scope_version, events, links FROM spans
PREWHERE project = {project:String} AND trace_id = unhex({trace_id:String})
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
