-- delete from scores
-- {'before_ns': 1, 'marker': 'm', 'partition': '202611', 'project': 'p', 'sessions': ('s',), 'traces': ('00000000000000000000000000000000',)}
ALTER TABLE scores DELETE IN PARTITION ID {partition:String}
WHERE project = {project:String} AND (lower(hex(trace_id)) IN {traces:Array(String)} OR (timestamp < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC') AND session_id IN {sessions:Array(String)})) AND {marker:String} != ''
SETTINGS mutations_sync = 0
