-- api keys
-- {}
SELECT key_id, project, name, scope, toString(key_hash) AS key_hash, prefix,
toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns,
toUnixTimestamp64Milli(revoked_at) * 1000000 AS revoked_at_ns
FROM api_keys FINAL ORDER BY created_at, key_id
