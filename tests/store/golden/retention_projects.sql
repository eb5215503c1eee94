-- projects and their retention
-- {}
SELECT project, max(days) AS days FROM
(
SELECT project, days FROM retention FINAL
UNION ALL
SELECT DISTINCT project, 0 FROM spans
UNION ALL
SELECT DISTINCT project, 0 FROM scores
)
GROUP BY project ORDER BY project
