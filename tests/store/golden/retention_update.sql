-- new retention of spans
-- {'days': 30, 'marker': 'm', 'partition': '20261124', 'project': 'p'}
ALTER TABLE spans UPDATE retention_days = {days:UInt16} IN PARTITION ID {partition:String}
WHERE project = {project:String} AND retention_days != {days:UInt16} AND {marker:String} != ''
SETTINGS mutations_sync = 0
