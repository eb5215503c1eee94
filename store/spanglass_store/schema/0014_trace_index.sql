-- Of a hundred ids an index of one false hit in a hundred keeps two thirds of all granules, and of one id a dozen that do
-- not hold it. One in two thousand takes half a byte a span more (docs/adr/022-lists-and-limits.md).
ALTER TABLE spans ADD INDEX IF NOT EXISTS ix_trace_id trace_id TYPE bloom_filter(0.0005) GRANULARITY 1;
ALTER TABLE spans MATERIALIZE INDEX ix_trace_id;
ALTER TABLE spans DROP INDEX IF EXISTS ix_trace;
