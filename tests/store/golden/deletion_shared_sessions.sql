-- sessions of other traces too
-- {'project': 'p'}
SELECT DISTINCT session_id FROM spans WHERE project = {project:String} AND session_id IN doomed_sessions AND trace_id NOT IN doomed_traces
