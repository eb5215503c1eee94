-- Twelve parts of a size become one, not five: at a steady load the rows are written anew less often, which takes a
-- fifth off what ClickHouse works for a span. What is old is merged further all the same, as ClickHouse lowers this
-- number with a part's age.
ALTER TABLE spans MODIFY SETTING merge_selector_base = 12;
