-- The ClickHouse user for `POST /api/v1/sql` (docs/api.md), on a server of your own. Run it as a user who may make users,
-- with a password of your own in place of PASSWORD; then give the collector
--   SPANGLASS_SQL_URL=http://spanglass_analyst:PASSWORD@host:8123/spanglass   and   SPANGLASS_ALLOW_SQL=true
--
-- On a cluster (deploy/cluster, deploy/kubernetes) each statement gets ON CLUSTER `NAME`, the policies and a second GRANT
-- are for spans_local, scores_local and span_details_local, the tables that keep the rows, and `remote_servers` must have a
-- <secret>, so that the shards know who asks.

CREATE SETTINGS PROFILE IF NOT EXISTS spanglass_analyst SETTINGS
    max_execution_time = 30 MIN 1 MAX 30,
    max_result_rows = 100000 MIN 1 MAX 100000,
    max_result_bytes = 134217728 MIN 1 MAX 134217728,
    max_bytes_to_read = 68719476736 MIN 1 MAX 68719476736,
    max_concurrent_queries_for_user = 4 MIN 1 MAX 4,
    max_memory_usage = 1073741824 MIN 1 MAX 1073741824,
    final = 1;

CREATE USER IF NOT EXISTS spanglass_analyst IDENTIFIED WITH sha256_password BY 'PASSWORD'
    SETTINGS PROFILE 'spanglass_analyst';

GRANT SELECT ON spanglass.spans TO spanglass_analyst;
GRANT SELECT ON spanglass.scores TO spanglass_analyst;
GRANT SELECT ON spanglass.span_details TO spanglass_analyst;

-- Who has no policy still reads everything: `users_without_row_policies_can_read_rows`, which is on unless it was turned off.
CREATE ROW POLICY IF NOT EXISTS spanglass_project ON spanglass.spans, spanglass.scores, spanglass.span_details
    USING project = getSetting('log_comment') TO spanglass_analyst;
