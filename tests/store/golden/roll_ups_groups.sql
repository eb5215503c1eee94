-- groups of roll-ups
-- {}
SELECT uniq(project, toStartOfHour(start_time), environment, service) AS _by_service, uniq(project, toStartOfHour(start_time), environment, if(response_model != '', response_model, request_model)) AS _by_model, uniq(project, toStartOfHour(start_time), environment, prompt_name) AS _by_prompt FROM spans WHERE start_time > now64() - toIntervalDay(1)
