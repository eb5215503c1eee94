-- export of scores
-- {'end_ns': 86400000000002, 'f_model': ('m',), 'own_end_ns': 2, 'own_start_ns': 1, 'project': 'p', 'score_name': ('quality',), 'start_ns': 0}
SELECT project, score_id, name, timestamp, if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id, if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id, session_id, data_type, value, text_value, source, comment, evaluator_id, metadata, updated_at
FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({own_start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({own_end_ns:Int64}, 'UTC') AND name IN {score_name:Array(String)} AND trace_id IN (SELECT trace_id FROM spans WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND if(response_model != '', response_model, request_model) IN {f_model:Array(String)})
ORDER BY timestamp, score_id
SETTINGS prefer_column_name_to_alias = 1, date_time_output_format = 'iso',
output_format_json_quote_64bit_integers = 0
