-- Which names stand in a quarter of a million spans: a search for what no name has need not read them
-- (docs/adr/025-search.md).
ALTER TABLE spans ADD INDEX IF NOT EXISTS ix_name name TYPE set(1000) GRANULARITY 32;
ALTER TABLE spans MATERIALIZE INDEX ix_name SETTINGS mutations_sync = 0;
