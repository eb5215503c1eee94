-- partitions with calls
-- {'end_ns': 2, 'project': 'p', 'start_ns': 1}
SELECT _partition_id AS partition, count() AS calls FROM spans WHERE project = {project:String} AND kind IN ('llm', 'embedding', 'rerank') AND cost_source != 'reported' AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC') GROUP BY partition ORDER BY partition DESC
