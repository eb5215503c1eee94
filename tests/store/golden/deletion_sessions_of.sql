-- sessions of traces
-- {'project': 'p'}
SELECT DISTINCT session_id FROM spans WHERE project = {project:String} AND trace_id IN doomed_traces AND session_id != ''
