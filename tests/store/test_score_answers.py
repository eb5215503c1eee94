"""What answered is copied onto scores: pages show the same before and after, whatever happens meanwhile."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import replace

import pytest

from spanglass_store.connection import Store
from spanglass_store.native import Block
from spanglass_store.queries import answers, quality
from spanglass_store.queries.answers import FIRST, copied, due
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.score_answers import copy_answers
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Span

pytestmark = pytest.mark.clickhouse
SECOND_NS = 10**9
NOW_NS = 1_790_000_000 * SECOND_NS
WINDOW = Window(NOW_NS - 3600 * SECOND_NS, NOW_NS)


def hex_id(number: int) -> str:
    return f"{number:032x}"


def call(trace: int, number: int, model: str, **more: object) -> Span:
    start_ns = NOW_NS - 600 * SECOND_NS + number
    values = {"request_model": f"{model}-asked", "response_model": model, "prompt_version": f"v{trace % 3}"} | more
    ids = hex_id(trace), f"{trace * 100 + number:016x}", "" if number == 0 else "1" * 16
    return Span("default", *ids, start_ns, start_ns, "n", "llm", service=f"s{trace % 2}", **values)  # type: ignore[arg-type]


def score(trace: int, **more: object) -> Score:
    values = {"value": trace / 10, "trace_id": hex_id(trace)} | more
    return Score("default", f"s{trace}", "quality", NOW_NS - SECOND_NS, **values)  # type: ignore[arg-type]


@pytest.fixture
def judged(store: Store) -> Store:
    """Nine traces of two calls, the second by another model; ten scores, of which one has no spans."""
    spans = [call(t, n, f"m-{(t + n) % 4}") for t in range(1, 10) for n in (0, 1)]
    scores = [score(t) for t in range(1, 11)]
    alone = Score("default", "alone", "quality", NOW_NS - SECOND_NS, session_id="s", value=0.5)
    store.insert(block_from_spans(spans), token="spans")
    store.insert(block_from_scores([*scores, alone]), token="scores")
    return store


def seen(store: Store) -> dict[str, list[dict[Hashable, str]]]:
    """Quality by everything it can be grouped by."""
    asked = {group: quality.totals("default", WINDOW, Filters(), "quality", group) for group in quality.GROUPS}
    over_time = quality.trend("default", WINDOW, Filters(), "quality", 60, "model")
    frames = {group: store.fetch(query) for group, query in [*asked.items(), ("trend", over_time)]}
    return {
        group: frame.round({"mean": 9, "low": 9, "high": 9}).astype(str).to_dict("records")
        for group, frame in frames.items()
    }


def copy(store: Store) -> int:
    return copy_answers(store, until=int(time.time()) + 3600)


def with_answer(store: Store) -> int:
    return int(store.fetch_rows(Query("", "SELECT countIf(has_answer) AS n FROM scores FINAL"))[0]["n"])


def test_pages_show_the_same_before_and_after(judged: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = seen(judged)
    counts = {row["group"]: row["count"] for row in before["model"]}
    assert counts == {"": "2", "m-0": "2", "m-1": "2", "m-2": "3", "m-3": "2"}
    monkeypatch.setattr(answers, "PAGE_SCORES", 3)
    assert copy(judged) == 10
    assert with_answer(judged) == 10
    assert seen(judged) == before
    judged.execute("OPTIMIZE TABLE scores FINAL")
    assert seen(judged) == before
    assert copy(judged) == 0
    judged.execute("DELETE FROM spans WHERE true SETTINGS lightweight_deletes_sync = 2")
    assert seen(judged) == before


def test_spans_that_come_late_count_until_the_copy_is_made(judged: Store) -> None:
    now = int(time.time())
    assert copy_answers(judged, until=now - answers.SETTLE_SECONDS) == 0
    judged.insert(block_from_spans([call(10, 0, "late")]), token="late")
    assert {row["group"] for row in seen(judged)["model"]} >= {"late"}
    copy(judged)
    after = seen(judged)
    judged.insert(block_from_spans([call(10, 1, "later")]), token="later")
    assert seen(judged) == after


def test_scores_changed_or_deleted_while_they_are_copied_stay_so(judged: Store) -> None:
    until = int(time.time()) + 3600
    last = judged.fetch_rows(due(until=until))[0]
    assert last["scores"] == 10
    key = last["project"], last["name"], last["score_id"]
    rows = judged.raw(copied(until=until, after=FIRST, last=key), form="Native")
    changed = replace(score(1), value=0.99, comment="better", updated_at_ns=NOW_NS)
    judged.insert(block_from_scores([changed]), token="changed")
    judged.execute(
        "INSERT INTO scores (project, name, score_id, timestamp, trace_id, updated_at, is_deleted) "
        f"SELECT project, name, score_id, timestamp, trace_id, fromUnixTimestamp64Nano({NOW_NS}), 1 "
        "FROM scores WHERE score_id = 's2'"
    )
    judged.insert(Block("scores", rows, len(rows)), token="copied")
    kept = judged.fetch_rows(Query("", "SELECT score_id, value, comment, has_answer FROM scores FINAL"))
    by_id = {row["score_id"]: row for row in kept}
    assert (by_id["s1"]["value"], by_id["s1"]["comment"], by_id["s1"]["has_answer"]) == (0.99, "better", False)
    assert "s2" not in by_id
    copy(judged)
    assert with_answer(judged) == 9
