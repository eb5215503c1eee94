-- time of the server
-- {}
SELECT toUnixTimestamp(now()) AS seconds
