"""SQL of others against the real engine: what one project may ask, and that nothing else of the machine is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from spanglass_store.analyst import Analyst
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.embedded_config import ANALYST_DATABASE, ANALYST_FILTER, ANALYST_LIMITS, ANALYST_TABLES
from spanglass_store.errors import QueryTooExpensive, StoreError, StoreRejected, StoreUnavailable
from spanglass_store.migrate import migrate, statements
from spanglass_store.query import Query
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Span

pytestmark = pytest.mark.clickhouse
OWN, OTHER = "shop", "bank"


@pytest.fixture(scope="module")
def analyst(clickhouse: EmbeddedClickHouse) -> Iterator[Analyst]:
    """The analyst of a database in which two projects have spans and scores."""
    with Store(clickhouse.url(database=ANALYST_DATABASE)) as store:
        migrate(store)
        names = [OWN, OTHER, OTHER]
        spans = [Span(name, f"{n:032x}", f"{n:016x}", "", n, n + 1, f"{name}{n}") for n, name in enumerate(names, 1)]
        scores = [Score(name, "s", "helpful", 1 + n, value=n) for n, name in enumerate(names)]
        store.insert(block_from_spans(spans), token="spans")
        store.insert(block_from_scores(scores), token="scores")
        store.insert(block_from_scores([Score(OWN, "s", "helpful", 9, value=0.5)]), token="again")
        opened = Analyst(clickhouse.url("analyst", ANALYST_DATABASE))
        yield opened
        opened.close()
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": ANALYST_DATABASE}, use_database=False)


def rows(analyst: Analyst, sql: str, project: str = OWN, **parameters: object) -> list[object]:
    lines = analyst.answer(project, sql, parameters, form="JSONCompactEachRow").splitlines()
    return [orjson.loads(line) for line in lines]


def test_a_project_sees_its_own_rows_and_a_score_once(analyst: Analyst) -> None:
    assert rows(analyst, "SELECT name FROM spans") == [["shop1"]]
    assert rows(analyst, "SELECT project, count() FROM spans GROUP BY ALL", OTHER) == [["bank", 2]]
    assert rows(analyst, "SELECT value FROM scores") == [[0.5]]
    assert rows(analyst, "SELECT count() FROM spans", "nobody") == [[0]]
    assert rows(analyst, "SELECT {a:String}, {b:Array(UInt8)} -- a remark", a="it's", b=[1, 2]) == [["it's", [1, 2]]]


@pytest.mark.parametrize(
    "sql",
    [
        (
            "SELECT toStartOfInterval(start_time, INTERVAL 1 HOUR) AS hour, countIf(kind = 'llm'), uniqExact(trace_id), "
            "quantiles(0.5, 0.95)(duration_ns), quantileTDigestWeightedIf(0.95)(duration_ns, 1, status = 'ok') FROM spans "
            "WHERE start_time > now() - INTERVAL 1 DAY GROUP BY ALL WITH TOTALS ORDER BY hour DESC NULLS LAST"
        ),
        (
            "WITH t AS (SELECT lower(hex(trace_id)) AS id, sum(cost_usd) AS usd FROM spans GROUP BY id) "
            "SELECT id, usd, rank() OVER (ORDER BY usd DESC), lagInFrame(usd) OVER w FROM t WINDOW w AS (ORDER BY id) LIMIT 5"
        ),
        "SELECT arrayJoin(tags) AS tag, attributes['shop.basket'], mapContains(metadata, 'plan'), has(tags, 'beta') FROM spans",
        (
            "SELECT JSONExtractString(input, 1, 'role'), extract(output, '(\\\\d+)'), replaceRegexpAll(name, '[0-9]', ''), "
            "positionCaseInsensitive(input, 'x'), hasAllTokens(lower(input), 'x'), splitByChar(' ', name) FROM spans"
        ),
        (
            "SELECT CASE WHEN status = 'error' THEN 1 ELSE 0 END AS failed, if(cost_usd IS NULL, 0, cost_usd), "
            "coalesce(input_tokens, 0) / nullIf(output_tokens, 0), round(toFloat64(cost_usd), 4), cost_usd::Nullable(Float64), "
            "CAST(duration_ns AS String), dateDiff('day', start_time, now()), formatDateTime(start_time, '%F'), "
            "toTimeZone(start_time, 'Europe/Berlin'), formatReadableTimeDelta(duration_ns / 1e9) FROM spans LIMIT 1 BY name"
        ),
        (
            "SELECT s.name, avg(c.value), argMax(c.comment, c.timestamp), groupUniqArray(10)(c.source) FROM spans AS s "
            "LEFT JOIN scores AS c USING (project, trace_id) GROUP BY s.name HAVING count() > 0"
        ),
        (
            "SELECT toDate(start_time) AS user, topK(3)(name), groupArraySample(2)(name), any(version) FROM "
            "(SELECT *, prompt_version AS version FROM spans) GROUP BY user ORDER BY user WITH FILL STEP 1"
        ),
        "SELECT * EXCEPT (input, output) FROM spans WHERE (name, kind) IN (SELECT name, kind FROM spans) AND input NOT LIKE '%x%'",
        "SELECT name FROM spans UNION ALL SELECT name FROM scores; -- a remark",
    ],
)
def test_what_people_ask_is_answered(analyst: Analyst, sql: str) -> None:
    assert isinstance(rows(analyst, sql), list)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM spans WHERE project = 'bank'",
        "SELECT countIf(project = 'bank') FROM (SELECT * FROM spans SETTINGS log_comment = 'bank')",
        "SELECT countIf(project = 'bank') FROM spans WHERE throwIf(project = 'bank') = 0",
        "SELECT countIf(project = 'bank') FROM spans PREWHERE throwIf(project = 'bank') = 0",
        "SELECT max(project) = 'bank' FROM spans",
        "SELECT countIf(project = 'bank') FROM (SELECT project FROM spans UNION ALL SELECT project FROM scores)",
        "SELECT countIf(project != 'shop') FROM spans FULL JOIN scores USING (project)",
        "SELECT count() FROM spanglass.spans AS s WHERE s.project IN (SELECT project FROM scores WHERE project = 'bank')",
        "WITH x AS (SELECT * FROM scores FINAL SETTINGS final = 0, log_comment = 'bank') SELECT countIf(project = 'bank') FROM x",
        "SELECT count() - 1 FROM spans",
    ],
)
def test_another_project_is_not_there_however_it_is_asked_for(analyst: Analyst, sql: str) -> None:
    assert rows(analyst, sql) == [[0]]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT 1 SETTINGS readonly = 0", "readonly"),
        ("SELECT count() FROM spans SETTINGS log_comment = 'bank'", "log_comment"),
        ("SELECT 1 SETTINGS max_execution_time = 1000", "max_execution_time"),
        ("SELECT 1 SETTINGS additional_table_filters = {'spans': '1'}", "readonly"),
        ("SELECT * FROM api_keys", "Not enough privileges"),
        ("SELECT * FROM spans UNION ALL SELECT * FROM prices", "Not enough privileges"),
        ("SELECT * FROM system.processes", "not to be read"),
        ("SELECT total_rows FROM system.tables", "not to be read"),
        ("SELECT * FROM information_schema.columns", "not to be read"),
        ("SELECT * FROM INFORMATION_SCHEMA.TABLES", "not to be read"),
        ("SELECT * FROM merge('spanglass', '.*')", "merge"),
        ("SELECT * FROM mergeTreeIndex('spanglass', 'spans')", "mergeTreeIndex"),
        ("SELECT * FROM url('http://127.0.0.1/', 'TSV', 'x String')", "url"),
        ("SELECT * FROM s3('http://127.0.0.1/bucket/x')", "s3"),
        ("SELECT * FROM remote('127.0.0.1', 'spanglass.spans')", "remote"),
        ("SELECT * FROM file('/etc/passwd', 'TSV', 'x String')", "file"),
        ("SELECT file('/etc/passwd')", "file"),
        ("SELECT arrayMap(file, ['/etc/passwd'])", "file"),
        ("SELECT * APPLY(file) FROM (SELECT '/etc/passwd')", "file"),
        ("SELECT \"fi\\x6ce\"('/etc/passwd')", "file"),
        ("SELECT 1 IN format(JSONEachRow, 'a UInt8, b String DEFAULT file(''/etc/passwd'')', '{\"a\": 1}')", "format"),
        ("SELECT 1 FROM spans ORDER BY 1 WITH FILL FROM file('/etc/passwd') TO 3", "file"),
        ("SELECT 1 LIMIT file('/etc/passwd')", "file"),
        ("SELECT sum(1) OVER (ORDER BY file('/etc/passwd'))", "file"),
        ("SELECT * FROM python('x')", "python"),
        ("SELECT * FROM eval('SELECT 1')", "eval"),
        ("SELECT * FROM executable('x', 'TSV', 'a UInt8')", "executable"),
        ("SELECT getClientHTTPHeader('Authorization')", "getClientHTTPHeader"),
        ("SELECT sleep(3)", "sleep"),
        ("SELECT aiGenerate('x', 'y')", "aiGenerate"),
        ("SELECT @@hostname", "globalVariable"),
        ("SELECT 1; SELECT 2", "Multi-statements"),
        ("SELECT 1 PARALLEL WITH DROP TABLE spans", ""),
        ("SELECT 1 PARALLEL WITH SET log_comment = 'bank'", ""),
        ("SELECT 1 FROM (SELECT 1) AS x, file('/etc/passwd') AS y", "file"),
        ("SELECT number FROM numbers(3) INTERPOLATE (x AS file('/etc/passwd'))", ""),
        ("SELECT x -> file(x)", "file"),
        ("SELECT COLUMNS('name') REPLACE (file('/etc/passwd') AS name) FROM spans", "file"),
        ("SELECT 1 GROUP BY GROUPING SETS ((file('/etc/passwd')))", "file"),
        ("SELECT 1 QUALIFY file('/etc/passwd') = ''", "file"),
        ("SELECT 1 FROM spans ARRAY JOIN [file('/etc/passwd')] AS x", "file"),
        ("SELECT 1 FROM spans SAMPLE file('/etc/passwd')", ""),
        ("SELECT 1 FROM spans AS a JOIN spans AS b ON a.name = file('/etc/passwd')", "file"),
        ("SELECT sum(1) FILTER (WHERE file('/etc/passwd') = '')", "file"),
        ("SELECT quantile(file('/etc/passwd'))(1)", "file"),
        ("SELECT CASE file('/etc/passwd') WHEN '' THEN 1 END", "file"),
        ("SELECT 1 FORMAT TSV", "FORMAT"),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", "OUTFILE"),
        ("SELECT {name:Identifier} FROM spans", "parameter"),
        ("INSERT INTO spans (project) VALUES ('shop')", "One SELECT"),
        ("INSERT INTO FUNCTION url('http://127.0.0.1/') SELECT 1", "One SELECT"),
        ("ALTER TABLE spans DELETE WHERE 1", "One SELECT"),
        ("DROP TABLE spans", "One SELECT"),
        ("CREATE TEMPORARY TABLE t (a UInt8)", "One SELECT"),
        ("SET log_comment = 'bank'", "One SELECT"),
        ("SYSTEM SHUTDOWN", "One SELECT"),
        ("KILL QUERY WHERE 1", "One SELECT"),
        ("EXPLAIN ESTIMATE SELECT * FROM spans", "One SELECT"),
        ("SELECT nonsense FROM spans", "nonsense"),
        ("SELEKT", "Syntax error"),
    ],
)
def test_what_is_not_allowed_is_refused_with_a_sentence(analyst: Analyst, sql: str, says: str) -> None:
    with pytest.raises(StoreRejected) as refused:
        rows(analyst, sql)
    assert says in str(refused.value)
    assert "127.0.0.1:" not in str(refused.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT number FROM numbers(1000000)",
        "SELECT repeat('x', 1000000) FROM numbers(1000)",
        "SELECT count() FROM numbers(1000000000000)",
        "SELECT groupArray(toString(number)) FROM numbers(1000000000)",
    ],
)
def test_too_much_is_refused_by_the_profile(analyst: Analyst, sql: str) -> None:
    with pytest.raises(QueryTooExpensive):
        rows(analyst, sql)


def test_a_parameter_that_is_not_in_the_text_is_named(analyst: Analyst) -> None:
    with pytest.raises(StoreRejected, match="other"):
        rows(analyst, "SELECT {a:UInt8}", a=1, other=2)
    with pytest.raises(StoreRejected, match="stands nowhere"):  # the driver would put it into the text
        rows(analyst, "SELECT '$x$' /* {$x$:String} */", **{"$x$": "file"})


def test_a_user_without_row_policies_is_not_used(clickhouse: EmbeddedClickHouse, analyst: Analyst) -> None:
    open_to_all = Analyst(clickhouse.url("writer", ANALYST_DATABASE))
    with pytest.raises(StoreRejected, match="row policies are missing"):
        rows(open_to_all, "SELECT 1")
    open_to_all.close()


def test_a_database_that_is_away_is_for_later() -> None:
    with pytest.raises(StoreUnavailable):
        rows(Analyst("http://analyst:x@127.0.0.1:1/spanglass"), "SELECT 1")


def test_even_with_its_password_its_limits_cannot_be_raised(analyst: Analyst) -> None:
    for raised in ({"max_execution_time": 100}, {"max_result_rows": 0}, {"max_memory_usage": 10**12}):
        with pytest.raises(StoreError):
            analyst.store.raw(Query("raised", "SELECT 1"), form="TSV", settings=raised)


def test_the_statements_for_an_own_server_say_what_the_embedded_one_does(clickhouse: EmbeddedClickHouse) -> None:
    text = (Path(__file__).parents[2] / "deploy" / "clickhouse" / "analyst.sql").read_text()
    with Store(clickhouse.url(database=ANALYST_DATABASE)) as store:
        for statement in statements(text):
            assert store.fetch_rows(Query("form", f"EXPLAIN AST {statement}")), statement  # it is read, and not run
    for name, value in ANALYST_LIMITS.items():
        assert f"{name} = {value} MIN 1 MAX {value}" in text
    assert ANALYST_FILTER in text
    for table in ANALYST_TABLES:
        assert f"GRANT SELECT ON {ANALYST_DATABASE}.{table} TO" in text
        assert text.count(f"{ANALYST_DATABASE}.{table}") == 2


def test_a_folder_of_an_older_version_gets_the_new_password(clickhouse: EmbeddedClickHouse, tmp_path: Path) -> None:
    server = EmbeddedClickHouse(tmp_path, http_port=clickhouse.http_port)
    descriptor = server.home.lock()
    server.home.passwords_path.write_text('{"writer": "w", "reader": "r"}')
    server.home.configure(server._config())
    assert server.home.passwords().keys() == {"writer", "reader", "analyst"}
    assert server.url("writer").startswith("http://writer:w@")
    os.close(descriptor)
