-- clean up spans
-- {}
ALTER TABLE spans DROP PARTITION ID '22991231'
