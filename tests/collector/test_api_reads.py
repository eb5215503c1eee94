"""What the API answers about stored spans: pages, Arrow, figures, and a sentence for every question without sense."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from collector.serving import serving, settings

from spanglass_collector.api.listings import LISTS
from spanglass_collector.api.lists import Listing
from spanglass_collector.api.search import hits
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate
from spanglass_store.query import FIELDS
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage

pytestmark = pytest.mark.clickhouse

END_NS = 1_795_000_000 * 10**9
HOUR_NS = 3600 * 10**9
TRACES = 230
ARROW = {"accept": "application/vnd.apache.arrow.stream"}
WINDOW = {"start_ns": END_NS - HOUR_NS, "end_ns": END_NS}
MODELS = ("gpt-4o", "gpt-4o-mini", "llama")


def spans() -> Iterator[Span]:
    """TRACES traces of two spans within the last hour before END_NS, as many before that, and one of another project."""
    for n in range(2 * TRACES):
        start_ns = END_NS - 10**9 - n * HOUR_NS // TRACES
        common = {
            "project": "default", "trace_id": f"{n + 1:032x}", "service": "shop", "user_id": f"u{n % 7}",
            "session_id": f"s{n // 2}", "attributes": {"shop.basket": str(n)}, "metadata": {"plan": ("free", "pro")[n % 2]},
        }  # fmt: skip
        yield Span(
            span_id=f"{1:016x}", parent_span_id="", start_ns=start_ns, end_ns=start_ns + 10**9, name="ask", **common
        )
        model = MODELS[n % 3]
        yield Span(
            span_id=f"{2:016x}", parent_span_id=f"{1:016x}", start_ns=start_ns + 5, end_ns=start_ns + 5 + n * 10**6,
            name="chat", kind="llm", status="error" if n % 10 == 0 else "ok", request_model=model, response_model=model,
            input='[{"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}]}]',
            usage=Usage(input_tokens=100, output_tokens=n), cost=Cost(Decimal(n) / 1000, source="computed"),
            tags=("beta",), **common,
        )  # fmt: skip
    yield Span("bank", "f" * 32, f"{9:016x}", "", END_NS - 10**9, END_NS, "secret")


@pytest.fixture(scope="module")
def client(clickhouse: EmbeddedClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    name = "spanglass"  # the analyst's: SQL is asked too
    url = clickhouse.url(database=name)
    with Store(url) as store:
        migrate(store)
        store.insert(block_from_spans(list(spans())), token="spans")
        scores = [
            Score("default", f"id{n}", "helpful", END_NS - (n // 2 + 1) * 10**9, trace_id=f"{n + 1:032x}", value=n / 50)
            for n in range(50)
        ]
        store.insert(block_from_scores([*scores, Score("bank", "b", "helpful", END_NS - 1)]), token="scores")
        sql_url = clickhouse.url("analyst", name)
        with serving(settings(tmp_path_factory.mktemp("queue"), url, sql_url=sql_url)) as served:
            yield served
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": name}, use_database=False)


def get(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}", params=WINDOW | params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def table(answer: httpx.Response) -> pa.Table:
    assert (answer.status_code, answer.headers["content-type"]) == (200, ARROW["accept"]), answer.text
    return pa.ipc.open_stream(answer.content).read_all()


def walked(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list, one behind the other; as JSON and as Arrow they have the same rows."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(100):
        asked = WINDOW | params | ({"cursor": cursor} if cursor else {})
        told = client.get(f"/api/v1/{path}", params=asked).json()
        arrow = client.get(f"/api/v1/{path}", params=asked, headers=ARROW)
        assert table(arrow).num_rows == len(told[path])
        assert (arrow.headers["x-cut"], arrow.headers.get("x-next-cursor")) == (
            str(told["cut"]).lower(), told["next_cursor"],
        )  # fmt: skip
        found += told[path]
        cursor = told["next_cursor"]
        if not cursor:
            return found
    raise AssertionError


def test_traces_come_page_by_page_each_once_newest_first(client: httpx.Client) -> None:
    found = walked(client, "traces", limit=100)
    assert [trace["trace_id"] for trace in found] == [f"{n + 1:032x}" for n in range(TRACES)]
    assert not {"order_key"} & found[0].keys()
    assert (found[3]["models"], found[3]["status"], found[3]["total_tokens"]) == (["gpt-4o"], "ok", 103)


def test_traces_in_another_order(client: httpx.Client) -> None:
    found = walked(client, "traces", limit=90, order="cost", model="llama")
    costs = [trace["cost_usd"] for trace in found]
    assert (len(costs), costs) == (len(range(2, TRACES, 3)), sorted(costs, reverse=True))


def test_spans_come_whole_page_by_page_each_once(client: httpx.Client) -> None:
    found = walked(client, "spans", limit=200, kind="llm")
    assert [span["trace_id"] for span in found] == [f"{n + 1:032x}" for n in range(TRACES)]
    span = found[49]
    assert (span["span_id"], span["parent_span_id"], span["usage"]["output_tokens"]) == (f"{2:016x}", f"{1:016x}", 49)
    assert span["input_messages"][0]["parts"] == [{"type": "text", "content": "Where is my parcel?"}]
    assert int(span["start_ns"]) - int(found[50]["start_ns"]) == HOUR_NS // TRACES
    arrow = table(client.get("/api/v1/spans", params=WINDOW | {"order": "duration", "limit": 2}, headers=ARROW))
    assert {"trace_id", "span_id", "start_time", "cost_usd", "input"} <= set(arrow.column_names)
    assert not {"trace_id_hex", "start_ns", "order_key"} & set(arrow.column_names)
    assert str(arrow.schema.field("start_time").type) == "timestamp[ns, tz=UTC]"


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"attributes.shop.basket": ["17", "19"]}, [18, 20]),
        ({"metadata.plan": "pro", "user_id": "u1", "model": "llama"}, [n + 1 for n in range(TRACES) if n % 42 == 29]),
        ({"status": "error", "not.model": ["gpt-4o", "llama"]}, [n + 1 for n in range(TRACES) if n % 30 == 10]),
        ({"search": f"{5:032x}"}, [5]),
    ],
)
def test_filters_go_together(client: httpx.Client, params: dict[str, Any], ids: list[int]) -> None:
    assert [int(trace["trace_id"], 16) for trace in get(client, "traces", limit=1000, **params)["traces"]] == ids


def test_traces_by_what_they_come_to(client: httpx.Client) -> None:
    found = get(client, "traces", limit=1000, min_cost_usd=0.1, max_duration_seconds=1, min_tokens=150)["traces"]
    assert {int(trace["trace_id"], 16) for trace in found} == {n + 1 for n in range(100, TRACES)}
    found = get(client, "traces", score_name="helpful", score_below=0.1)["traces"]
    assert {int(trace["trace_id"], 16) for trace in found} == {1, 2, 3, 4, 5}
    assert len(get(client, "traces", score_name="helpful", limit=1000)["traces"]) == 50


def test_sessions_and_users_come_page_by_page_each_once(client: httpx.Client) -> None:
    sessions = walked(client, "sessions", limit=50)
    assert [session["session_id"] for session in sessions] == [f"s{n}" for n in range(TRACES // 2)]
    assert (sessions[1]["traces"], sessions[1]["spans"], sessions[1]["total_tokens"]) == (2, 4, 205)
    users = walked(client, "users", limit=3, order="tokens")
    tokens = [user["total_tokens"] for user in users]
    assert ({user["user_id"] for user in users}, tokens) == ({f"u{n}" for n in range(7)}, sorted(tokens, reverse=True))


def test_one_session_with_its_traces_from_the_first_on(client: httpx.Client) -> None:
    told = client.get("/api/v1/sessions/s4").json()
    assert (told["session"]["traces"], told["cut"]) == (2, False)
    assert [int(trace["trace_id"], 16) for trace in told["traces"]] == [10, 9]
    first = client.get("/api/v1/sessions/s4", params={"limit": 1}).json()
    then = client.get("/api/v1/sessions/s4", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert first["traces"] + then["traces"] == told["traces"]
    assert client.get("/api/v1/sessions/no/such").status_code == 404


def test_a_search_shows_the_place_in_the_text(client: httpx.Client) -> None:
    told = get(client, "search", search="my parcel", limit=2)
    assert [(hit["trace_id"], hit["found_in"]) for hit in told["hits"]] == [(f"{n:032x}", "input") for n in (1, 2)]
    assert "Where is my parcel?" in told["hits"][0]["snippet"]
    more = get(client, "search", search="my parcel", limit=2, cursor=told["next_cursor"])
    assert [hit["trace_id"] for hit in more["hits"]] == [f"{n:032x}" for n in (3, 4)]
    assert get(client, "search", search='"y parc"', limit=1)["hits"][0]["found_in"] == "input"
    assert get(client, "search", search="nothing of the kind")["hits"] == []
    by_user = get(client, "search", search="u1", limit=1)["hits"][0]
    assert (by_user["user_id"], by_user["found_in"], by_user["snippet"]) == ("u1", None, None)


def test_a_snippet_is_the_surroundings() -> None:
    text = "a" * 500 + " Lost " + "b" * 500
    (hit,) = hits("lost", [{"trace_id_hex": "t", "span_id_hex": "s", "start_ns": 1, "input": "", "output": text}])
    assert (hit["found_in"], hit["start_ns"], hit["trace_id"]) == ("output", "1", "t")
    assert (hit["snippet"][0], hit["snippet"][-1], "Lost" in hit["snippet"], len(hit["snippet"])) == (
        "…",
        "…",
        True,
        202,
    )


def test_what_can_be_filtered_by_is_suggested(client: httpx.Client) -> None:
    told = get(client, "facets", field=["model", "user_id", "tag"], limit=2, model="llama")["facets"]
    assert list(told) == ["model", "user_id", "tag"]
    assert {each["value"] for each in told["model"]["values"]} <= set(MODELS)  # without its own filter
    assert (len(told["user_id"]["values"]), told["user_id"]["distinct_values"]) == (2, 7)
    assert told["tag"]["values"] == [{"value": "beta", "count": len(range(2, TRACES, 3))}]
    assert set(get(client, "facets")["facets"]) == set(FIELDS)
    keys = get(client, "attributes")
    assert {each["key"] for each in keys["attributes"]} == {"shop.basket", "metadata.plan"}
    plans = get(client, "attributes", key="metadata.plan", contains="PR")
    assert plans == {"values": [{"value": "pro", "count": TRACES}], "cut": False}
    assert get(client, "attributes", key="shop.basket", limit=5)["cut"] is True


def test_scores_come_page_by_page_each_once_newest_first(client: httpx.Client) -> None:
    found = walked(client, "scores", limit=7)
    times = [int(score["timestamp_ns"]) for score in found]
    assert {score["id"] for score in found} == {f"id{n}" for n in range(50)}
    assert (len(found), times) == (50, sorted(times, reverse=True))
    assert found[-1]["data_type"] == "numeric"
    assert len(walked(client, "scores", model="llama")) == len(range(2, 50, 3))
    assert walked(client, "scores", score_name="other") == []


def test_figures_beside_those_before_and_what_leads(client: httpx.Client) -> None:
    asked = WINDOW | {"measures": ["calls", "cost_usd"], "compare": True}
    (row,) = client.post("/api/v1/query", json=asked).json()["rows"]
    assert (row["calls"], row["calls_before"]) == (TRACES, TRACES)
    assert row["cost_usd"] == pytest.approx(sum(range(TRACES)) / 1000)
    top = client.post("/api/v1/query", json=asked | {"group_by": "model", "order_by": "cost_usd", "limit": 2})
    assert len(top.json()["rows"]) == 2
    assert {"group", "share", "cost_usd_before"} <= top.json()["rows"][0].keys()
    over_time = WINDOW | {"measures": ["calls"], "interval_seconds": 600, "group_by": "model"}
    arrow = table(client.post("/api/v1/query", json=over_time, headers=ARROW))
    rows = client.post("/api/v1/query", json=over_time).json()["rows"]
    assert (arrow.column_names, arrow.num_rows) == (["bucket", "group", "calls"], len(rows))
    assert arrow["calls"].to_pylist() == [each["calls"] for each in rows]


def test_what_changed_the_cost_adds_up(client: httpx.Client) -> None:
    told = get(client, "attribution")
    assert sum(told["parts"].values()) == pytest.approx(told["after_usd"] - told["before_usd"])
    assert {each["model"] for each in told["models"]} >= set(MODELS)
    one = get(client, "attribution", model="llama")
    assert [each["model"] for each in one["models"]] == ["llama"]


def test_what_sets_failed_calls_apart(client: httpx.Client) -> None:
    asked = WINDOW | {"filters": {"kind": ["llm"]}, "selected": {"min_duration_seconds": 0.2}}
    told = client.post("/api/v1/outliers", json=asked).json()
    assert (told["selected_spans"], told["other_spans"]) == (30, 200)
    assert isinstance(told["distinctions"], list)


def test_sql_reads_the_own_project_as_rows_and_as_arrow(client: httpx.Client) -> None:
    asked = {
        "sql": "SELECT kind, count() AS n FROM spans WHERE name = {name:String} GROUP BY kind",
        "parameters": {"name": "chat"},
    }
    told = client.post("/api/v1/sql", json=asked).json()
    assert told == {
        "columns": [{"name": "kind", "type": "LowCardinality(String)"}, {"name": "n", "type": "UInt64"}],
        "rows": [{"kind": "llm", "n": 2 * TRACES}],
    }
    assert table(client.post("/api/v1/sql", json=asked, headers=ARROW)).to_pylist() == told["rows"]
    secret = {"sql": "SELECT count() AS n FROM spans WHERE project = 'bank'"}
    assert client.post("/api/v1/sql", json=secret).json()["rows"] == [{"n": 0}]
    bank = {"x-spanglass-project": "bank"}
    assert client.post("/api/v1/sql", json=secret, headers=bank).json()["rows"] == [{"n": 1}]


@pytest.mark.parametrize(
    ("sql", "status", "says"),
    [
        ("SELECT file('/etc/passwd')", 400, "file is not among"),
        ("SELECT nonsense FROM spans", 400, "nonsense"),
        ("DROP TABLE spans", 400, "One SELECT"),
        ("SELECT number FROM numbers(1000000)", 422, "Ask for less"),
        ("", 400, "sql"),
    ],
)
def test_sql_that_is_not_answered_has_a_status_and_a_sentence(
    client: httpx.Client, sql: str, status: int, says: str
) -> None:
    answer = client.post("/api/v1/sql", json={"sql": sql})
    assert (answer.status_code, says in answer.json()["error"]) == (status, True), answer.text
    assert "127.0.0.1" not in answer.text


API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
ODD = ("", "9" * 40, "\x00ünï'`\"\\{x:String}")


def test_no_parameter_of_a_get_breaks_it(client: httpx.Client) -> None:
    """Whatever stands in a parameter: an answer, or a sentence that says what is wrong; never "our fault"."""
    paths = client.get("/openapi.json").json()["paths"]
    asked = 0
    for path, methods in paths.items():
        if "get" not in methods or not path.startswith("/api/v1/") or "read" not in methods["get"].get("tags", []):
            continue
        names = [each["name"] for each in methods["get"].get("parameters", []) if each["in"] == "query"]
        narrows = "not.FIELD" in names
        shared = {
            *FIELDS,
            *WINDOW,
            "search",
            "not.FIELD",
            "attributes.KEY",
            "metadata.KEY",
            "resource.KEY",
            "score_name",
        }
        odd = set(names) - shared - ({"limit"} if path.endswith("s") else set()) | {"unheard_of"}
        if path.endswith("/traces"):  # what all lists read alike is tried with one
            odd |= {"model", "limit", *WINDOW, "search", "not.FIELD", "attributes.KEY"}
        for name, value in itertools.product(sorted(odd), ODD if path.endswith("/traces") else ODD[-1:]):
            place = path.replace("{trace_id}", "f" * 32).replace("{session_id}", "s1")
            answer = client.get(
                place, params=WINDOW | {"limit": 1} | {name.replace("KEY", "k").replace("FIELD", "name"): value}
            )
            assert answer.status_code in {200, 400, 404, 422}, (place, name, value, answer.text)
            assert answer.status_code == 200 or answer.json()["error"], answer.text
            assert answer.status_code == 400 or name != "unheard_of" or not narrows
            asked += 1
    assert asked > 40


def test_the_api_is_described_with_examples(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()
    lists = {
        f"/api/v1/{name}"
        for name in ("traces", "spans", "scores", "sessions", "users", "facets", "attributes", "search")
    }
    posts = {f"/api/v1/{name}" for name in ("query", "sql", "outliers", "scores")}
    assert lists <= {path for path, methods in told["paths"].items() if "get" in methods}
    assert posts <= {path for path, methods in told["paths"].items() if "post" in methods}
    for path, methods in told["paths"].items():
        for about in methods.values():
            names = [(each["name"], each["in"]) for each in about.get("parameters", [])]
            assert len(names) == len(set(names)), path
    schemas = told["components"]["schemas"]
    for name in ("QueryBody", "SqlBody", "OutliersBody"):
        for example in schemas[name]["examples"]:
            path = {"QueryBody": "query", "SqlBody": "sql", "OutliersBody": "outliers"}[name]
            assert client.post(f"/api/v1/{path}", json=example).status_code == 200, example
    assert "attributes.KEY" in [each["name"] for each in told["paths"]["/api/v1/traces"]["get"]["parameters"]]


def test_the_page_names_every_route_and_order_and_they_are_there(client: httpx.Client) -> None:
    text = API_PAGE.read_text()
    told = set(re.findall(r"`(GET|POST) (/api/v1/[^`]+)`", text))
    paths = client.get("/openapi.json").json()["paths"]
    ours = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method, about in methods.items()
        if path.startswith("/api/v1/") and "read" in about.get("tags", [])
    }
    assert told == ours
    for orders, path in ((each.orders, each.name) for each in LISTS if len(list(each.orders)) > 1):
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `GET /api/v1/{path}` ")]
        assert set(re.findall(r"`(\w+)`", line.partition("`order`:")[2])) == set(orders)


def test_the_sql_of_the_page_runs(client: httpx.Client) -> None:
    (text,) = re.findall(r'spanglass sql "(.+?)"', API_PAGE.read_text(), re.DOTALL)
    assert client.post("/api/v1/sql", json={"sql": text}).status_code == 200


@pytest.mark.parametrize("listing", LISTS, ids=lambda listing: listing.name)
def test_an_example_has_what_an_answer_has(client: httpx.Client, listing: Listing) -> None:
    row = get(client, listing.name, limit=1, **({"kind": "llm"} if listing.name == "spans" else {}))[listing.name][0]
    assert listing.example.keys() <= row.keys()
    assert {name for name, value in listing.example.items() if type(value) is not type(row[name])} <= {
        "score",
        "cost_usd",
    }


def test_a_key_is_needed_where_keys_are(tmp_path: Path, store_url: str) -> None:
    with serving(settings(tmp_path, store_url, require_keys=True)) as client:
        for path in (
            "traces",
            "scores",
            "measures",
            "attribution",
            "sessions/s1",
            "facets",
            "attributes",
            "search?search=x",
        ):
            assert client.get(f"/api/v1/{path}").status_code in {401, 503}, path
        for path in ("query", "sql", "outliers"):
            body = {"measures": ["calls"], "sql": "SELECT 1", "selected": {}}
            kept = {"query": ("measures",), "sql": ("sql",), "outliers": ("selected",)}[path]
            answer = client.post(f"/api/v1/{path}", json={name: body[name] for name in kept})
            assert answer.status_code in {401, 503}, path


def test_sql_is_off_unless_it_is_set_up(tmp_path: Path, store_url: str) -> None:
    with serving(settings(tmp_path, store_url)) as client:
        answer = client.post("/api/v1/sql", json={"sql": "SELECT 1"})
        assert (answer.status_code, "switched off" in answer.json()["error"]) == (403, True)
        away = client.get("/api/v1/traces")  # a database without tables is for later
        assert (away.status_code, "retry-after" in away.headers) == (503, True)


@pytest.mark.parametrize(
    ("host", "url", "allowed", "answers"),
    [
        ("127.0.0.1", "http://a@b/c", None, True),
        ("0.0.0.0", "http://a@b/c", None, False),
        ("0.0.0.0", "http://a@b/c", True, True),
        ("127.0.0.1", "http://a@b/c", False, False),
        ("127.0.0.1", "", True, False),
    ],
)
def test_where_sql_is_answered(tmp_path: Path, host: str, url: str, allowed: bool | None, answers: bool) -> None:
    assert settings(tmp_path, "http://x@y/z", host=host, sql_url=url, allow_sql=allowed).answers_sql is answers


LAST_NS = 2**63 - 1


@pytest.mark.parametrize("window", [(0, LAST_NS), (LAST_NS - 1, LAST_NS)])
def test_a_window_may_be_of_any_size_anywhere(client: httpx.Client, window: tuple[int, int]) -> None:
    asked = dict(zip(("start_ns", "end_ns"), window, strict=True))
    for path in (*(each.name for each in LISTS), "attribution", "facets", "attributes", "search"):
        answer = client.get(f"/api/v1/{path}", params=asked | ({"search": "parcel"} if path == "search" else {}))
        assert answer.status_code == 200, (path, answer.text)
    for body in ({"compare": True}, {"compare": True, "group_by": "model"}, {"interval_seconds": 2**31 - 1}, {}):
        answer = client.post("/api/v1/query", json={"measures": ["calls", "cost_usd"], **asked, **body})
        assert answer.status_code == 200, (body, answer.text)
    assert client.post("/api/v1/query", json={"measures": ["score_mean"], **asked}).status_code == 200
    assert client.post("/api/v1/outliers", json={"selected": {"min_cost_usd": 1}, **asked}).status_code == 200
