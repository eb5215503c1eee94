-- absent rows
-- {'leeway': 7200}
INSERT INTO spans (project, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, status, error_type, error_message, service, environment, release, session_id, user_id, tags, metadata, provider, request_model, response_model, response_id, system_fingerprint, service_tier, input, output, input_preview, output_preview, parameters, finish_reasons, tool_names, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens, usage_counted, cost_usd, input_cost_usd, output_cost_usd, cache_read_cost_usd, cache_write_cost_usd, cost_source, price_id, time_to_first_token_ns, prompt_name, prompt_version, sampling_weight, attributes, resource, scope_name, scope_version, events, links) SELECT project, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, status, error_type, error_message, service, environment, release, session_id, user_id, tags, metadata, provider, request_model, response_model, response_id, system_fingerprint, service_tier, input, output, input_preview, output_preview, parameters, finish_reasons, tool_names, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens, usage_counted, cost_usd, input_cost_usd, output_cost_usd, cache_read_cost_usd, cache_write_cost_usd, cost_source, price_id, time_to_first_token_ns, prompt_name, prompt_version, sampling_weight, attributes, resource, scope_name, scope_version, events, links FROM mine
WHERE (project, trace_id, span_id) NOT IN
(
SELECT project, trace_id, span_id FROM spans
WHERE trace_id IN (SELECT trace_id FROM mine)
AND start_time BETWEEN (SELECT min(start_time) FROM mine) - toIntervalSecond({leeway:UInt32})
AND (SELECT max(start_time) FROM mine) + toIntervalSecond({leeway:UInt32})
)
