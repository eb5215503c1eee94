-- saved views
-- {'owner': 'o', 'project': 'p'}
SELECT project, view_id, name, page, address, owner, is_shared, toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns
FROM saved_views FINAL WHERE project = {project:String} AND (is_shared OR owner = {owner:String})
ORDER BY page, name, view_id
