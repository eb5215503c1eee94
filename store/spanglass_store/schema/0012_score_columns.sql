-- What answered in the trace of a score, copied from its spans by the monitor an hour after the score was stored
-- (docs/adr/021-score-columns.md): quality by model then reads scores alone. Until has_answer is set, spans are asked.
ALTER TABLE scores ADD COLUMN IF NOT EXISTS answer_model LowCardinality(String),
    ADD COLUMN IF NOT EXISTS answer_request_model LowCardinality(String),
    ADD COLUMN IF NOT EXISTS answer_prompt_version LowCardinality(String),
    ADD COLUMN IF NOT EXISTS answer_service LowCardinality(String),
    ADD COLUMN IF NOT EXISTS has_answer Bool DEFAULT false,
    ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') DEFAULT now();

-- Scores stored before this get this moment for good, and not the moment of each read.
ALTER TABLE scores MATERIALIZE COLUMN stored_at;
