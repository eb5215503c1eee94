-- quality totals
-- {'end_ns': 2, 'limit': 201, 'project': 'p', 'score_name': ('quality',), 'start_ns': 1}
SELECT '' AS group,
count() AS count,
avg(value) AS mean,
if(min(data_type) = 'boolean', (avg(value) + 3.8414588206941254 / (2 * count())) / (1 + 3.8414588206941254 / count()) - 1.959963984540054 * sqrt(avg(value) * (1 - avg(value)) / count() + 3.8414588206941254 / (4 * count() * count())) / (1 + 3.8414588206941254 / count()), avg(value) - 1.959963984540054 * stddevSamp(value) / sqrt(count())) AS low,
if(min(data_type) = 'boolean', (avg(value) + 3.8414588206941254 / (2 * count())) / (1 + 3.8414588206941254 / count()) + 1.959963984540054 * sqrt(avg(value) * (1 - avg(value)) / count() + 3.8414588206941254 / (4 * count() * count())) / (1 + 3.8414588206941254 / count()), avg(value) + 1.959963984540054 * stddevSamp(value) / sqrt(count())) AS high
FROM scores FINAL WHERE project = {project:String} AND timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') AND value IS NOT NULL AND name IN {score_name:Array(String)}
GROUP BY group ORDER BY count DESC, group LIMIT {limit:UInt32}
SETTINGS prefer_column_name_to_alias = 1
