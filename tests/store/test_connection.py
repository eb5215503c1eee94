"""The door to the database: what it says when something is wrong."""

from __future__ import annotations

import pytest
from ports import free_port

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.errors import QueryTooExpensive, StoreError, StoreRejected, StoreUnavailable
from spanglass_store.limits import BULK, Limits
from spanglass_store.native import Block
from spanglass_store.query import Query


@pytest.mark.clickhouse
def test_nobody_there_is_try_again_later() -> None:
    port = free_port()
    nobody = pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port} does not answer")
    with Store.open(f"http://u:secret@127.0.0.1:{port}/d") as store, nobody as caught:
        store.ping()
    assert "secret" not in str(caught.value)


@pytest.mark.clickhouse
@pytest.mark.parametrize("url", ["", "localhost:8123", "clickhouse://x", "http://"])
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="looks like"):
        Store.open(url)


@pytest.mark.clickhouse
def test_the_secret_is_not_in_the_repr() -> None:
    assert "secret" not in repr(Store.open("http://u:secret@h:1/d"))


@pytest.mark.clickhouse
def test_a_wrong_statement_is_never_retried(store: Store) -> None:
    with pytest.raises(StoreRejected, match="odd"):
        store.fetch(Query("odd", "SELECT no_such_column FROM spans"))


@pytest.mark.clickhouse
def test_rows_that_can_never_be_read_are_rejected(store: Store) -> None:
    with pytest.raises(StoreRejected):
        store.insert(Block("spans", b"\x01\x01\x01x\x06String\x05short", 1), token="poison")
    with pytest.raises(StoreRejected):
        store.insert(Block("spans", b"\xff" * 100, 1), token="garbage")


@pytest.mark.clickhouse
def test_a_query_past_its_limit_says_so(store: Store) -> None:
    with pytest.raises(QueryTooExpensive):
        store.fetch(Query("endless", "SELECT count() FROM numbers(100000000000) SETTINGS max_rows_to_read = 1000"))


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("limits", "sql", "sentence"),
    [
        (Limits(seconds=0.2), "SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 1", "time limit"),
        (Limits(read_bytes=1000), "SELECT sum(number) FROM numbers(1000000)", "reads more than one question may"),
        (Limits(memory_bytes=10_000_000), "SELECT length(groupArray(number)) FROM numbers(10000000)", "more memory"),
        (Limits(result_rows=10), "SELECT number FROM numbers(11)", "more rows than one answer"),
    ],
)
def test_each_limit_ends_a_query_and_says_what_to_do(store: Store, limits: Limits, sql: str, sentence: str) -> None:
    for ask in (store.fetch, store.fetch_rows):
        with pytest.raises(QueryTooExpensive, match=f"big: .*{sentence}.*shorter window"):
            ask(Query("big", sql, limits=limits))


@pytest.mark.clickhouse
def test_what_fails_after_a_million_rows_is_no_answer(store: Store) -> None:
    sql = "SELECT throwIf(number = 1999999), toString(number) AS t FROM numbers(2000000)"
    for ask in (store.fetch, store.fetch_rows):
        with pytest.raises(StoreError, match="late"):
            ask(Query("late", sql, limits=BULK))


@pytest.mark.clickhouse
@pytest.mark.parametrize(("there", "cut"), [(2, False), (3, False), (4, True), (9, True)])
def test_a_list_that_is_cut_says_so(store: Store, there: int, cut: bool) -> None:
    asked = Query("list", f"SELECT number AS n FROM numbers({there}) LIMIT 4").limited(row_limit=3)
    rows, frame = store.fetch_rows(asked), store.fetch(asked)
    assert (rows.cut, frame.attrs["cut"]) == (cut, cut)
    assert [row["n"] for row in rows] == frame["n"].tolist() == list(range(min(there, 3)))
    assert not store.fetch_rows(Query("whole", "SELECT 1 AS one")).cut


@pytest.mark.clickhouse
def test_a_server_that_allows_less_is_asked_for_less(clickhouse: EmbeddedClickHouse, store: Store) -> None:
    limits = Limits(seconds=3600, memory_bytes=1 << 50)
    sql = "SELECT name, value FROM system.settings WHERE name IN ('max_execution_time', 'max_memory_usage')"
    with Store(clickhouse.url("reader", database=store.database)) as reader:
        told = {row["name"]: int(row["value"]) for row in reader.fetch_rows(Query("asked for", sql, limits=limits))}
    assert told == {"max_execution_time": 60, "max_memory_usage": clickhouse.memory_limit_bytes // 2}


@pytest.mark.clickhouse
def test_an_empty_result_keeps_its_columns(store: Store) -> None:
    frame = store.fetch(Query("empty", "SELECT name, start_time FROM spans"))
    assert frame.empty
    assert list(frame.columns) == ["name", "start_time"]


@pytest.mark.clickhouse
def test_a_closed_store_opens_again_on_use(store: Store) -> None:
    store.close()
    assert store.ping()


@pytest.mark.clickhouse
def test_many_rows_come_in_sheets(store: Store) -> None:
    sheets = list(store.sheets(Query("many", "SELECT number AS n, toString(number) AS t FROM numbers(200000)")))
    assert len(sheets) > 1
    assert sum(sheet.count for sheet in sheets) == 200_000
    assert [n for sheet in sheets for n in sheet.columns["n"]] == list(range(200_000))
    assert sheets[0].rows()[1] == {"n": 1, "t": "1"}
    assert list(store.sheets(Query("none", "SELECT name FROM spans"))) == []


@pytest.mark.clickhouse
def test_a_reader_that_leaves_early_leaves_nothing_behind(store: Store) -> None:
    for _ in range(40):  # more than there are connections
        assert next(store.sheets(Query("left", "SELECT number AS n FROM numbers(1000000)"))).count > 0
    assert store.fetch_rows(Query("next", "SELECT 1 AS one")) == [{"one": 1}]


@pytest.mark.clickhouse
def test_what_fails_in_the_middle_is_told_as_well(store: Store) -> None:
    sql = "SELECT throwIf(number = 150000) AS n FROM numbers(200000) SETTINGS max_block_size = 10000, max_threads = 1"
    with pytest.raises(StoreError, match="middle"):
        list(store.sheets(Query("middle", sql)))
    with pytest.raises(StoreRejected, match="odd"):
        next(store.sheets(Query("odd", "SELECT no_such_column FROM spans")))
