-- retention
-- {}
SELECT project, days FROM retention FINAL ORDER BY project
