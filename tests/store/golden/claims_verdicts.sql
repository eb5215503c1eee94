-- verdicts on claims
-- {}
SELECT lower(hex(claim_verdicts.digest)) AS digest, min(collector) AS collector FROM claim_verdicts WHERE claim_verdicts.digest IN mine GROUP BY claim_verdicts.digest SETTINGS max_threads = 1
