-- deletions
-- {}
SELECT project, subject, value, deletion_id, toUnixTimestamp64Nano(at) AS at_ns FROM deletions FINAL
ORDER BY project, subject, value
