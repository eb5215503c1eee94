-- What one insert writes (up to some 64 MB) stays one file instead of three for each of sixty columns: a fifth of its
-- CPU. Merges make wide parts of it.
ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 134217728;
