-- Hourly roll-ups of what pages ask of long windows (docs/adr/018-hours.md). They are parts of the parts of spans: a repeated insert,
-- a late span, an update and a deletion cannot make them disagree. Built when parts are merged, not by each insert; parts
-- without them are read whole.
ALTER TABLE spans ADD PROJECTION IF NOT EXISTS by_hour
    (SELECT
        project,
        toStartOfHour(start_time),
        environment,
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status = 'error'),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL),
        countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        countIf(usage_counted AND cost_usd IS NOT NULL),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND cost_usd IS NOT NULL),
        sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted),
        sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(ifNull(time_to_first_token_ns, 0) / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted AND time_to_first_token_ns IS NOT NULL),
        sumIf(ifNull(output_tokens, 0), kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        sumIf(duration_ns, kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        count(),
        uniq(trace_id),
        avg(sampling_weight),
        uniqIf(trace_id, status = 'error'),
        avgIf(sampling_weight, status = 'error'),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), parent_span_id = 0)
    GROUP BY project, toStartOfHour(start_time), environment);
ALTER TABLE spans ADD PROJECTION IF NOT EXISTS by_service
    (SELECT
        project,
        toStartOfHour(start_time),
        environment,
        service,
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status = 'error'),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL),
        countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        countIf(usage_counted AND cost_usd IS NOT NULL),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND cost_usd IS NOT NULL),
        sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted),
        sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(ifNull(time_to_first_token_ns, 0) / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted AND time_to_first_token_ns IS NOT NULL),
        sumIf(ifNull(output_tokens, 0), kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        sumIf(duration_ns, kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        count(),
        uniq(trace_id),
        avg(sampling_weight),
        uniqIf(trace_id, status = 'error'),
        avgIf(sampling_weight, status = 'error'),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), parent_span_id = 0)
    GROUP BY project, toStartOfHour(start_time), environment, service);
ALTER TABLE spans ADD PROJECTION IF NOT EXISTS by_model
    (SELECT
        project,
        toStartOfHour(start_time),
        environment,
        if(response_model != '', response_model, request_model),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status = 'error'),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL),
        countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        countIf(usage_counted AND cost_usd IS NOT NULL),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND cost_usd IS NOT NULL),
        sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted),
        sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(ifNull(time_to_first_token_ns, 0) / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted AND time_to_first_token_ns IS NOT NULL),
        sumIf(ifNull(output_tokens, 0), kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        sumIf(duration_ns, kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        count()
    GROUP BY project, toStartOfHour(start_time), environment, if(response_model != '', response_model, request_model));
ALTER TABLE spans ADD PROJECTION IF NOT EXISTS by_prompt
    (SELECT
        project,
        toStartOfHour(start_time),
        environment,
        prompt_name,
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status = 'error'),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND status != 'error' AND cost_usd IS NULL),
        countIf(kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        countIf(usage_counted AND cost_usd IS NOT NULL),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, usage_counted),
        sumIf(toFloat64(ifNull(cost_usd, 0)) * sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted),
        sumIf(sampling_weight, kind IN ('llm', 'embedding', 'rerank') AND usage_counted AND cost_usd IS NOT NULL),
        sumIf(ifNull(input_tokens, 0) * sampling_weight, usage_counted),
        sumIf(ifNull(output_tokens, 0) * sampling_weight, usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(duration_ns / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted),
        quantilesTDigestWeightedIf(0.5, 0.95, 0.99)(ifNull(time_to_first_token_ns, 0) / 1e9, toUInt64(greatest(1, round(sampling_weight))), kind = 'llm' AND usage_counted AND time_to_first_token_ns IS NOT NULL),
        sumIf(ifNull(output_tokens, 0), kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        sumIf(duration_ns, kind = 'llm' AND usage_counted AND output_tokens IS NOT NULL),
        count()
    GROUP BY project, toStartOfHour(start_time), environment, prompt_name);
ALTER TABLE spans MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1;
ALTER TABLE spans MATERIALIZE PROJECTION by_hour;
ALTER TABLE spans MATERIALIZE PROJECTION by_service;
ALTER TABLE spans MATERIALIZE PROJECTION by_model;
ALTER TABLE spans MATERIALIZE PROJECTION by_prompt;
