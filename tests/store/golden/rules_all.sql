-- alert rules
-- {'project': 'p'}
SELECT definition FROM alert_rules FINAL WHERE project = {project:String} ORDER BY project, updated_at
