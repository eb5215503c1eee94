-- retention of scores
-- {'days': 30, 'now_ns': 1, 'project': 'p'}
SELECT _partition_id AS partition, count() AS rows, countIf(retention_days != {days:UInt16}) AS unlike,
countIf({days:UInt16} > 0
AND timestamp < fromUnixTimestamp64Nano({now_ns:Int64}, 'UTC') - toIntervalDay({days:UInt16})) AS too_old,
toUnixTimestamp64Nano(min(toDateTime64(timestamp, 9, 'UTC'))) AS oldest_ns
FROM scores WHERE project = {project:String}
GROUP BY partition ORDER BY partition
