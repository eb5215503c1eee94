"""`spanglass export` against the real engine: what is in the files is what is stored."""

from __future__ import annotations

import csv
import io
import itertools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from command import called

from spanglass_cli.export_files import Wanted, _CsvLines, write
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.errors import StoreError
from spanglass_store.migrate import migrate
from spanglass_store.queries import export
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage
from spanglass_store.span_details import block_from_details

pytestmark = pytest.mark.clickhouse
DAY_NS = 86_400 * 10**9
START_NS = 20_780 * DAY_NS + 5  # 2026-11-23, so that pieces of a day are cut at midnight and not at the start
TEXT = 'two\nlines, "quoted"; ünï 日本'


def spans() -> list[Span]:
    """300 spans over three days, one a trace."""
    first = Span(
        "default", "0" * 31 + "1", "0" * 15 + "1", "", START_NS, START_NS + 7, "chat", kind="llm", input=TEXT,
        tags=("a", "b"), metadata={"plan": "pro"}, attributes={"shop.basket": "17"}, request_model="gpt-4o",
        usage=Usage(input_tokens=5), cost=Cost(Decimal("0.000000123"), source="computed"),
    )  # fmt: skip
    more = [
        replace(first, trace_id=f"{n:032x}", span_id=f"{n:016x}", parent_span_id="f" * 16, start_ns=START_NS + n * DAY_NS // 100)
        for n in range(2, 301)
    ]  # fmt: skip
    others = [replace(first, project="bank"), replace(first, trace_id="e" * 32, start_ns=START_NS - DAY_NS)]
    plain = [replace(span, usage=Usage(), cost=Cost(), request_model="llama", tags=()) for span in more[100:]]
    return [first, *more[:100], *plain, *others]


@pytest.fixture(scope="module")
def url(clickhouse: EmbeddedClickHouse) -> Iterator[str]:
    name = "t_export"
    with Store(clickhouse.url(database=name)) as store:
        migrate(store)
        store.insert(block_from_spans(spans()), token="spans")
        of_trace = {"trace_id": f"{7:032x}", "span_id": f"{7:016x}"}
        scores = [Score("default", f"s{n}", "helpful", START_NS + n, value=n, **of_trace) for n in range(3)]
        store.insert(block_from_scores([*scores, Score("bank", "x", "helpful", START_NS)]), token="scores")
        row = {
            "project": "default",
            "trace_id": bytes(15) + b"\7",
            "span_id": 7,
            "start_time": START_NS,
            "output": TEXT,
        }
        store.insert(block_from_details([{**row, "name": "x", "record_id": bytes(16), "position": 1}]), token="details")
        yield clickhouse.url(database=name)
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": name}, use_database=False)


def asked(url: str, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return called("export", file, "--start", "2026-11-23", "--clickhouse-url", url, *options)


def exported(url: str, file: Path, *options: str) -> str:
    done = asked(url, file, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_parquet_has_every_column_and_row_with_its_type(url: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.parquet"
    said = exported(url, file)
    assert said.startswith(f"{file}: 300 rows, ")
    table = pq.read_table(file)
    assert table.column_names == list(export.EXPORTED["spans"])
    assert table["start_time"].cast("int64").to_pylist() == sorted(table["start_time"].cast("int64").to_pylist())
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["trace_id"], first["span_id"]) == ("0" * 31 + "1", "0" * 15 + "1")
    assert (first["parent_span_id"], first["input"], first["tags"]) == ("", TEXT, ["a", "b"])
    assert (first["cost_usd"], first["input_tokens"], first["output_tokens"]) == (Decimal("0.000000123"), 5, None)
    assert (dict(first["metadata"]), dict(first["attributes"])) == ({"plan": "pro"}, {"shop.basket": "17"})
    assert str(table.schema.field("start_time").type) == "timestamp[ns, tz=UTC]"
    assert list(tmp_path.iterdir()) == [file]


def test_lines_and_tables_of_text_hold_the_same(url: str, tmp_path: Path) -> None:
    lines, table = tmp_path / "calls.jsonl", tmp_path / "calls.csv"
    columns = "trace_id,input,cost_usd,input_tokens,metadata,start_time,duration_ns"
    said = [exported(url, file, "--columns", columns) for file in (lines, table)]
    assert [each.split(": ")[1].split(",")[0] for each in said] == ["300 rows"] * 2
    documents = [json.loads(line) for line in lines.read_text().splitlines()]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(documents) == len(rows) == 300
    assert {tuple(document) for document in documents} == {tuple(columns.split(","))}
    assert documents[0] == {
        "trace_id": "0" * 31 + "1", "input": TEXT, "cost_usd": 1.23e-7, "input_tokens": 5, "metadata": {"plan": "pro"},
        "start_time": "2026-11-23T00:00:00.000000005Z", "duration_ns": 7,
    }  # fmt: skip
    assert [row["input"] for row in rows] == [document["input"] for document in documents]
    assert json.loads(rows[0]["metadata"]) == {"plan": "pro"}
    assert rows[200]["input_tokens"] in {"", "\\N"}


def test_filters_scores_and_details(url: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.parquet"
    exported(url, file, "--where", "model=gpt-4o", "--where", "metadata.plan=pro", "--scores", "--details")
    assert {path.name for path in tmp_path.iterdir()} == {f"calls{x}.parquet" for x in ("", ".scores", ".details")}
    assert pq.read_table(file).num_rows == 101
    scores = pq.read_table(tmp_path / "calls.scores.parquet").to_pylist()
    assert [(score["value"], score["trace_id"]) for score in scores] == [(float(n), f"{7:032x}") for n in range(3)]
    (details,) = pq.read_table(tmp_path / "calls.details.parquet").to_pylist()
    assert (details["output"], details["record_id"]) == (TEXT, "0" * 32)
    exported(url, file, "--where", "not.model=gpt-4o", "--scores", "--overwrite")
    assert pq.read_table(file).num_rows == 199
    assert pq.read_table(tmp_path / "calls.scores.parquet").num_rows == 0


def test_nothing_found_is_a_file_with_columns(url: str, tmp_path: Path) -> None:
    for suffix in ("parquet", "jsonl", "csv"):
        exported(url, tmp_path / f"none.{suffix}", "--project", "nobody")
    assert pq.read_table(tmp_path / "none.parquet").column_names == list(export.EXPORTED["spans"])
    assert (tmp_path / "none.jsonl").read_text() == ""
    assert (tmp_path / "none.csv").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("calls.xlsx", [], "end it with"),
        ("calls.csv", ["--columns", "nonsense"], "no column 'nonsense'"),
        ("calls.csv", ["--where", "colour=red"], "unknown filter 'colour'"),
        ("calls.csv", ["--where", "model"], "FIELD=VALUE"),
        ("calls.csv", ["--end", "2020-01-01"], "--end is not after --start"),
        ("calls.csv", ["--end", "soon"], "is no moment"),
        ("there.csv", [], "is there already"),
        ("no/such/folder.csv", [], "No such file"),
    ],
)
def test_what_cannot_be_done_is_said(url: str, tmp_path: Path, name: str, options: list[str], says: str) -> None:
    (tmp_path / "there.csv").write_text("kept")
    done = asked(url, tmp_path / name, *options)
    assert (done.returncode, done.stdout, says in done.stderr) == (1, "", True)
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "kept"


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_server_that_breaks_off_leaves_the_old_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    file = tmp_path / f"calls.{form}"
    file.write_text("kept")
    sound = export.rows

    def breaking(*args: object, **kwargs: object) -> object:
        asked = sound(*args, **kwargs)
        endless = "SELECT number, throwIf(number = 3000000) AS x FROM numbers(9000000)"
        return replace(asked, sql=endless, params=())

    monkeypatch.setattr(export, "rows", breaking)
    wanted = Wanted("spans", "default", Window(START_NS, START_NS + 10), Filters())
    told: list[tuple[int, int]] = []
    with Store(url) as store, pytest.raises(StoreError):
        write(store, wanted, file, form, lambda rows, of: told.append((rows, of)))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == "kept"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_rows_of_a_csv_are_counted_however_it_is_cut(size: int) -> None:
    file = io.StringIO()
    values = ["", '"', "a\nb", '\n"\n', 'x""', "plain"]
    rows = [list(row) for row in itertools.product(values, repeat=2)]
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    text, count = file.getvalue().encode(), _CsvLines()
    assert sum(count(text[start : start + size]) for start in range(0, len(text), size)) == len(rows)
