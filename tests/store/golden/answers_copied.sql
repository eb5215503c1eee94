-- scores with what answered
-- {'after_id': 'a', 'after_name': 'n', 'after_project': 'p', 'last_id': 'b', 'last_name': 'n', 'last_project': 'p', 'lookback_ns': 604800000000000, 'until': 2}
SELECT judged.* REPLACE(answered.model AS answer_model, answered.request_model AS answer_request_model, answered.prompt_version AS answer_prompt_version, answered.service AS answer_service, true AS has_answer)
FROM (
SELECT * FROM scores FINAL
WHERE (project, name, score_id) IN (SELECT project, name, score_id FROM scores WHERE NOT has_answer AND trace_id != toFixedString('', 16) AND stored_at < fromUnixTimestamp({until:Int64}) AND (project, name, score_id) > ({after_project:String}, {after_name:String}, {after_id:String}) AND (project, name, score_id) <= ({last_project:String}, {last_name:String}, {last_id:String})) AND NOT has_answer AND trace_id != toFixedString('', 16) AND stored_at < fromUnixTimestamp({until:Int64}) AND (project, name, score_id) > ({after_project:String}, {after_name:String}, {after_id:String})
) AS judged
LEFT JOIN (
SELECT project, trace_id, argMaxIf(if(response_model != '', response_model, request_model), start_time, kind = 'llm') AS model, argMaxIf(request_model, start_time, kind = 'llm') AS request_model, argMaxIf(prompt_version, start_time, prompt_version != '') AS prompt_version, argMin(service, (parent_span_id != 0, start_time)) AS service
FROM spans
WHERE (project, trace_id) IN (SELECT project, trace_id FROM scores WHERE NOT has_answer AND trace_id != toFixedString('', 16) AND stored_at < fromUnixTimestamp({until:Int64}) AND (project, name, score_id) > ({after_project:String}, {after_name:String}, {after_id:String}) AND (project, name, score_id) <= ({last_project:String}, {last_name:String}, {last_id:String}))
AND start_time >= (SELECT min(timestamp) FROM scores WHERE NOT has_answer AND trace_id != toFixedString('', 16) AND stored_at < fromUnixTimestamp({until:Int64}) AND (project, name, score_id) > ({after_project:String}, {after_name:String}, {after_id:String}) AND (project, name, score_id) <= ({last_project:String}, {last_name:String}, {last_id:String})) - toIntervalNanosecond({lookback_ns:Int64})
GROUP BY project, trace_id
) AS answered USING (project, trace_id)
SETTINGS prefer_column_name_to_alias = 1
