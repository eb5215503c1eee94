-- Scores are found by their traces: the key begins with the name, and those of a page of traces lie in every part of it
-- (docs/adr/022-lists-and-limits.md).
ALTER TABLE scores MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild';
ALTER TABLE scores ADD PROJECTION IF NOT EXISTS by_trace
    (SELECT project, trace_id, name, score_id, value, updated_at, is_deleted ORDER BY project, trace_id);
ALTER TABLE scores MATERIALIZE PROJECTION by_trace;
