-- progress of the new costs
-- {'lookup': 'repriced_0'}
SELECT mutation_id, is_done, is_killed, parts_to_do, latest_fail_reason AS failure FROM system.mutations WHERE database = currentDatabase() AND table = 'spans' AND position(command, {lookup:String}) > 0
