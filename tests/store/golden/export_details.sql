-- export of span_details
-- {'own_end_ns': 2, 'own_start_ns': 1, 'project': 'p'}
SELECT if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id, toJSONString(tags) AS tags, input
FROM span_details FINAL WHERE project = {project:String} AND start_time >= fromUnixTimestamp64Nano({own_start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({own_end_ns:Int64}, 'UTC')
ORDER BY start_time, position
SETTINGS prefer_column_name_to_alias = 1, date_time_output_format = 'iso',
output_format_json_quote_64bit_integers = 0
