"""``spanglass.query`` against a real collector with a real database."""

from __future__ import annotations

import contextlib
import io
import json
import re
import runpy
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from collector.serving import serving, settings
from command import called
from ports import free_port

import spanglass
from spanglass.query import Client, NotAllowed, QueryError, Rejected, TooMuch, Unavailable
from spanglass.query.client import WINDOW, Narrowed
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.embedded_config import ANALYST_DATABASE
from spanglass_store.migrate import migrate
from spanglass_store.query import FIELDS, SCORE_NAME
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage

API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLE = Path(__file__).parents[2] / "examples" / "query_frames.py"
TRACES = 1100  # more than a page
END_NS = (time.time_ns() // 10**9 - TRACES) * 10**9
START = datetime.fromtimestamp(END_NS / 1e9, UTC)


def spans() -> Iterator[Span]:
    for n in range(TRACES):
        start_ns = END_NS + n * 10**9
        used = {"usage": Usage(input_tokens=n), "cost": Cost(Decimal(n) / 10**6, source="computed")} if n % 2 else {}
        yield Span(
            "default", f"{n + 1:032x}", f"{n + 1:016x}", "", start_ns, start_ns + 10**6, "chat", kind="llm",
            request_model=("gpt-4o", "llama")[n % 2], metadata={"plan": "pro"} if n < 3 else {}, tags=("a", "b"), **used,
        )  # fmt: skip


@pytest.fixture(scope="module")
def client(clickhouse: EmbeddedClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    url = clickhouse.url(database=ANALYST_DATABASE)
    with Store(url) as store:
        migrate(store)
        store.insert(block_from_spans(list(spans())), token="spans")
        scores = [Score("default", f"s{n}", "helpful", END_NS + n, trace_id=f"{1:032x}", value=n / 2) for n in range(3)]
        store.insert(block_from_scores(scores), token="scores")
        sql_url = clickhouse.url("analyst", ANALYST_DATABASE)
        with serving(settings(tmp_path_factory.mktemp("queue"), url, sql_url=sql_url)) as served:
            yield Client(str(served.base_url))
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": ANALYST_DATABASE}, use_database=False)


@pytest.mark.clickhouse
def test_a_list_is_followed_to_its_end_or_its_limit(client: Client) -> None:
    everything = client.traces(limit=None)
    assert list(everything.trace_id) == [f"{TRACES - n:032x}" for n in range(TRACES)]
    assert str(everything.start_time.dtype) == "datetime64[ns, UTC]"
    assert len(client.traces(limit=1005)) == 1005
    assert len(client.traces(limit=3, start=START, end="now")) == 3
    assert len(client.traces(model="llama", limit=None)) == TRACES // 2
    assert client.traces(model="nobody").empty


@pytest.mark.clickhouse
def test_spans_have_types_that_can_be_reckoned_with(client: Client) -> None:
    frame = client.spans(limit=None, attributes={"metadata.plan": "pro"}, excluded={"status": ["error"]})
    assert list(frame.span_id) == [f"{n:016x}" for n in (3, 2, 1)]
    assert frame.metadata.tolist() == [{"plan": "pro"}] * 3
    assert [list(tags) for tags in frame.tags] == [["a", "b"]] * 3
    assert (frame.cost_usd.dtype, frame.cost_usd.sum()) == ("float64", 1e-6)
    assert frame.input_tokens.isna().tolist() == [True, False, True]
    exact = Client(client._collector.url, exact_money=True)
    assert exact.spans(limit=2, start=START, end=END_NS + 2 * 10**9).cost_usd.tolist() == [Decimal("0.000001"), None]


@pytest.mark.clickhouse
def test_figures_and_sql_are_frames_too(client: Client) -> None:
    by_model = client.measure("calls", "cost_usd", group_by="model", compare=True)
    assert dict(zip(by_model.group, by_model.calls, strict=True)) == {"gpt-4o": TRACES / 2, "llama": TRACES / 2}
    assert by_model.calls_before.isna().all()
    over_time = client.measure("calls", interval="10m", start=START)
    assert (over_time.calls.sum(), str(over_time.bucket.dtype)) == (TRACES, "datetime64[ms, UTC]")
    assert {"name", "unit", "help"} <= client.measures()[0].keys()
    told = client.sql("SELECT max(input_tokens) AS most FROM spans WHERE name = {name:String}", name="chat")
    assert told.most.tolist() == [TRACES - 1]
    assert sum(client.attribution()["parts"].values()) == pytest.approx(client.attribution()["after_usd"])
    dear = client.outliers({"min_cost_usd": 0.001}, kind="llm", limit=3)
    assert ("field", "model", "llama") in {
        (each["source"], each["key"], each["value"]) for each in dear["distinctions"]
    }
    assert client.sessions().empty
    assert client.scores(score_name="helpful").value.tolist() == [1.0, 0.5, 0.0]


@pytest.mark.clickhouse
def test_documents_need_no_frames(client: Client) -> None:
    found = list(client.documents("spans", limit=1001))
    assert (len(found), found[0]["kind"], found[0]["usage"]["input_tokens"]) == (1001, "llm", TRACES - 1)
    assert client.trace(found[0]["trace_id"])["spans"][0] == found[0]


@pytest.mark.clickhouse
def test_what_is_refused_says_why_and_what_to_do(client: Client) -> None:
    with pytest.raises(Rejected, match="unknown filter 'colour'"):
        client.traces(colour="red")  # type: ignore[call-arg]
    with pytest.raises(Rejected, match="There is no trace"):
        client.trace("f" * 32)
    with pytest.raises(Rejected, match="file is not among"):
        client.sql("SELECT file('/etc/passwd')")
    with pytest.raises(TooMuch, match="Ask for less"):
        client.sql("SELECT number FROM numbers(1000000)")
    with pytest.raises(ValueError, match="no moment"):
        client.traces(start="soon")


class Scripted(BaseHTTPRequestHandler):
    """Answers as it is told, one status after the other."""

    answers: list[int]
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        status = self.answers.pop(0)
        self.asked.append({name.lower(): value for name, value in self.headers.items()})
        body = b'{"error": "no"}' if status != 200 else b'{"measures": []}'
        self.send_response(status)
        self.send_header("retry-after", "0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Scripted]]:
    Scripted.answers, Scripted.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("SPANGLASS_ENDPOINT", f"http://127.0.0.1:{server.server_port}/v1/traces")
    monkeypatch.setenv("SPANGLASS_API_KEY", "sg_x")
    yield Scripted
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_busy_collector_is_asked_again_with_the_settings_of_the_sdk(scripted: type[Scripted]) -> None:
    scripted.answers = [503, 429, 200]
    assert Client().measures() == []
    assert [each["authorization"] for each in scripted.asked] == ["Bearer sg_x"] * 3


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([401], NotAllowed),
        ([403], NotAllowed),
        ([400], Rejected),
        ([404], Rejected),
        ([422], TooMuch),
        ([503] * 3, Unavailable),
        ([500] * 3, Unavailable),
    ],
)
def test_each_status_is_an_error_that_says_what_to_do(
    scripted: type[Scripted], answers: list[int], kind: type[QueryError]
) -> None:
    scripted.answers = list(answers)
    with pytest.raises(kind, match=rf"^no \(HTTP {answers[0]}\)$"):
        Client().measures()
    assert scripted.answers == []


def test_nobody_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(Unavailable, match="does not answer"):
        Client(f"http://127.0.0.1:{free_port()}").measures()


def test_a_frame_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from spanglass.query.errors import MissingPackage  # noqa: PLC0415
    from spanglass.query.frames import table_from_stream  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackage, match="pip install pandas pyarrow") as missing:
        table_from_stream(b"")
    assert isinstance(missing.value, ImportError)


def test_nothing_of_it_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, spanglass; print('spanglass.query' in sys.modules); spanglass.query.Client; "
        "print(*(name in sys.modules for name in ('pandas', 'pyarrow')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 3


def test_every_field_of_the_store_can_be_narrowed_by() -> None:
    assert set(Narrowed.__annotations__) == {
        *WINDOW, *FIELDS, SCORE_NAME,
    }  # fmt: skip


def test_functions_of_the_module_are_those_of_a_client() -> None:
    for name in spanglass.query.__all__:
        assert getattr(spanglass.query, name).__doc__, name
    with pytest.raises(AttributeError, match="nothing"):
        _ = spanglass.query.nothing


@pytest.mark.clickhouse
def test_the_example_and_the_page_run_as_they_stand(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_ENDPOINT", client._collector.url)
    spanglass.query._default.cache_clear()
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        runpy.run_path(str(EXAMPLE))
        (page,) = re.findall(r"```python\n(.+?)```", API_PAGE.read_text(), re.DOTALL)
        exec(page, {})
    spanglass.query._default.cache_clear()
    assert "llama" in told.getvalue()


@pytest.mark.clickhouse
def test_the_command_prints_a_table_or_lines(client: Client) -> None:
    asked = "SELECT request_model AS model, count() AS n FROM spans GROUP BY model ORDER BY model"
    endpoint = ("--endpoint", client._collector.url)
    assert called("sql", asked, *endpoint).stdout.splitlines() == ["model     n", "gpt-4o  550", "llama   550"]
    lines = called("sql", asked, "--format", "jsonl", *endpoint).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"model": name, "n": 550} for name in ("gpt-4o", "llama")]
    refused = called("sql", "DROP TABLE spans", *endpoint)
    assert (refused.returncode, refused.stderr) == (
        1,
        "spanglass: One SELECT is answered, and nothing else. (HTTP 400)\n",
    )
