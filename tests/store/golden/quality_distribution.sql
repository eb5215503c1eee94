-- score distribution
-- {'bins': 20, 'end_ns': 2, 'project': 'p', 'score_name': ('quality',), 'start_ns': 1}
WITH given AS (SELECT value FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)}),
(SELECT min(value) FROM given) AS smallest,
(SELECT max(value) FROM given) AS largest,
if(largest > smallest, (largest - smallest) / {bins:UInt32}, 1) AS width
SELECT least(toUInt32(floor((value - smallest) / width)), {bins:UInt32} - 1) AS bin,
any(smallest) + bin * any(width) AS low,
low + any(width) AS high,
count() AS count
FROM given GROUP BY bin ORDER BY bin
