-- scores whose answer is to be copied
-- {'after_id': '', 'after_name': '', 'after_project': '', 'page': 50000, 'until': 4000000000}
SELECT project, name, score_id, count() OVER () AS scores FROM (
SELECT project, name, score_id FROM scores FINAL WHERE NOT has_answer AND trace_id != toFixedString('', 16) AND stored_at < fromUnixTimestamp({until:Int64}) AND (project, name, score_id) > ({after_project:String}, {after_name:String}, {after_id:String})
ORDER BY project, name, score_id LIMIT {page:UInt32})
ORDER BY project DESC, name DESC, score_id DESC LIMIT 1
