"""Measures of one's own: they count right wherever a measure does, and a file that cannot be used says why and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.alerting import history
from spanglass_store.connection import Store
from spanglass_store.custom_measure_form import COUNTED, KEYED, Entry
from spanglass_store.custom_measures import measures_from_yaml
from spanglass_store.errors import FileUnusable
from spanglass_store.file_problems import FileRefused
from spanglass_store.measures import BUILT_IN, MEASURES, Unit, series, totals, use_custom
from spanglass_store.measures_file import read_measures, use_measures
from spanglass_store.queries import overview
from spanglass_store.queries.top import top
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.rules import Rule
from spanglass_store.span import Cost, Span, Usage

NOW_NS = 1_790_000_000 * 10**9
WINDOW = Window(NOW_NS - 3600 * 10**9, NOW_NS)

FILE = """
measures:
  - name: cart_value_usd
    label: Cart value
    unit: usd
    better: higher
    help: Mean value of a cart
    mean: metadata.cart
    where: {kind: agent}
  - name: carts_usd
    unit: usd
    sum: metadata.cart
  - name: refund_ratio
    unit: ratio
    where: {service: shop}
    ratio:
      of: {count: calls, where: {tag: [refund, return]}}
      to: {count: calls}
  - name: deep_searches
    unit: calls
    count: spans
    where: {attributes.depth: 3, metadata.is_new: true}
  - name: shop_traces
    unit: calls
    count: traces
    where: {service: shop}
  - name: shop_users
    count: users
    where: {service: shop}
  - name: documents_p50
    percentile: attributes.documents
    level: 50
  - name: mean_answer_tokens
    unit: tokens
    mean: output_tokens
    where: {status: ok}
"""
NAMES = [m.name for m in measures_from_yaml(FILE)]


@pytest.fixture
def custom() -> Iterator[None]:
    use_custom(measures_from_yaml(FILE))
    yield
    use_custom([])


def spans() -> list[Span]:
    def one(number: int, kind: str, **more: object) -> Span:
        ids = f"{number // 2 + 1:032x}", f"{number + 1:016x}", ""
        start_ns = NOW_NS - (number + 1) * 10**9
        return Span("default", *ids, start_ns, start_ns + 10**9, "n", kind, **more)  # type: ignore[arg-type]

    weighted = {"sampling_weight": 3.0, "service": "shop"}
    return [
        one(0, "agent", metadata={"cart": "10.5"}, user_id="ann", service="shop"),
        one(1, "agent", metadata={"cart": "2"}, user_id="bob", **weighted),
        one(2, "agent", metadata={"cart": "much"}, user_id="ann"),
        one(3, "tool", metadata={"cart": "100", "is_new": "true"}, attributes={"depth": "3", "documents": "7"}),
        one(4, "tool", metadata={"is_new": "false"}, attributes={"depth": "3", "documents": "nan"}),
        one(5, "llm", tags=("refund", "x"), usage=Usage(1, 10), cost=Cost(Decimal(1)), status="ok", service="shop"),
        one(6, "llm", tags=("return",), usage=Usage(1, 20), status="ok", **weighted),
        one(7, "llm", usage=Usage(1, 99), status="error", service="shop"),
        one(8, "llm", tags=("refund",), usage=Usage(1, 50), usage_counted=False, status="ok", service="shop"),
    ]


EXPECTED = {
    "cart_value_usd": (10.5 + 3 * 2) / 4,
    "carts_usd": 10.5 + 3 * 2 + 100,
    "refund_ratio": (1 + 3) / (1 + 3 + 1),
    "deep_searches": 1,
    "shop_traces": 4 * (1 + 3 + 1 + 3 + 1 + 1) / 6,
    "shop_users": 2,
    "documents_p50": 7,
    "mean_answer_tokens": (10 + 3 * 20) / 4,
}


@pytest.mark.clickhouse
@pytest.mark.usefixtures("custom")
def test_they_count_right_in_totals_series_groups_comparisons_lists_and_alerts(store: Store) -> None:
    store.insert(block_from_spans(spans()), token="spans")
    names = [*NAMES, "calls"]
    whole = store.fetch(totals(names, "default", WINDOW, Filters())).iloc[0]
    assert {name: whole[name] for name in NAMES} == pytest.approx(EXPECTED)
    assert whole["calls"] == 5
    beside = store.fetch(overview.compared(names, "default", WINDOW, Filters())).iloc[0]
    assert {name: beside[name] for name in NAMES} == pytest.approx(EXPECTED)
    over_time = store.fetch(series(names, "default", WINDOW, Filters(), 3600 * 24))
    assert {name: over_time[name].iloc[-1] for name in NAMES} == pytest.approx(EXPECTED)
    by_kind = store.fetch(totals(["carts_usd"], "default", WINDOW, Filters(), "kind")).set_index("group")["carts_usd"]
    assert by_kind[["tool", "agent"]].tolist() == [100, 16.5]
    assert pd.isna(by_kind["llm"])
    led = store.fetch(top("kind", ["carts_usd"], "default", WINDOW, Filters()))
    assert led["share"].iloc[0] == pytest.approx(100 / 116.5)
    for name in NAMES:
        rule = Rule("default", "r", "r", name, "above", 1.0, window_seconds=3600)
        seen = history.points(
            store.fetch_rows(history.history(rule, WINDOW, 3600)),
            store.fetch_rows(history.nothing(rule))[0]["value"],
            WINDOW,
            3600,
        )
        assert len(seen) == 1


@pytest.mark.clickhouse
@pytest.mark.usefixtures("custom")
def test_filters_on_the_same_fields_do_not_mix_with_theirs(store: Store) -> None:
    store.insert(block_from_spans(spans()), token="spans")
    narrowed = Filters.of(tag=["refund"], service=["shop"]).with_attributes({"metadata.cart": ["10.5"]})
    only_refunds = store.fetch(totals(["refund_ratio"], "default", WINDOW, Filters.of(tag=["refund"])))
    assert only_refunds["refund_ratio"][0] == 1
    assert store.fetch(totals(["carts_usd", "shop_users"], "default", WINDOW, narrowed))["shop_users"][0] == 0


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_nothing_of_the_file_becomes_sql(key: str, value: str) -> None:
    entry = {
        "name": "a_b",
        "sum": f"metadata.{key}",
        "where": {f"attributes.{key}": [f"'{value}"], "tag": [f"'{value}"]},
    }
    (measure,) = measures_from_yaml(yaml.safe_dump({"measures": [entry]}))
    (plain,) = measures_from_yaml("measures: [{name: a_b, sum: metadata.k, where: {attributes.k: v, tag: t}}]")
    assert measure.sql == plain.sql
    assert sorted(map(str, dict(measure.params).values())) == sorted(
        map(str, [key, key, (f"'{value}",), (f"'{value}",)])
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["line 1: Write `measures:`"]),
        ("measures: [", ["line 1: This is no YAML"]),
        ("measures:\n  - {name: a_b, count: spans}\nother: 1", ["line 3, other: Extra inputs"]),
        ("measures:\n  - 7", ["line 2: Input should be a valid dictionary"]),
        ("measures:\n- name: a_b\n  count: spans\n  name: c_d", ["line 4: name stands here a second time"]),
        ("measures:\n- name: a_b\n  count: birds", ["line 3, a_b, count: Input should be 'spans', 'calls'"]),
        ("measures:\n- name: a_b\n  sum: input", ["line 3, a_b, sum: 'input' holds no number; write attributes.KEY"]),
        ("measures:\n- name: a_b\n  count: spans\n  sum: cost_usd", ["line 2, a_b: write exactly one of count, sum"]),
        ("measures:\n- name: a_b", ["line 2, a_b: write exactly one", "not none"]),
        (
            "measures:\n- name: a_b\n  percentile: cost_usd",
            ["line 2, a_b: a percentile, and nothing else, has a level"],
        ),
        ("measures:\n- name: a_b\n  percentile: cost_usd\n  level: 100", ["line 4, a_b, level: Input should be less"]),
        ("measures:\n- name: calls\n  count: spans", ["line 2, calls, name: String should match"]),
        ("measures:\n- name: cost_usd\n  count: spans", ["line 2, cost_usd, name: 'cost_usd' is taken"]),
        ("measures:\n- name: user_id\n  count: spans", ["'user_id' is taken"]),
        (
            "measures:\n- name: a_b\n  count: spans\n  where: {colour: red}",
            ["line 4, a_b, where: there is no field 'colour'"],
        ),
        ("measures:\n- name: a_b\n  count: spans\n  where: {tag: 0.5}", ["line 4, a_b, where.tag"]),
        (
            "measures:\n- name: a_b\n  ratio:\n    of: {count: spans}\n    to: {mean: nothing}",
            ["line 5, a_b, ratio.to.mean: 'nothing' holds no number"],
        ),
        (
            "measures:\n- {name: a_b, count: spans}\n- {name: c_d, count: x}\n- {name: a_b, sum: y}",
            ["line 3, c_d", "line 4, a_b"],
        ),
        ("measures:\n- {name: a_b, count: spans}\n- {name: a_b, count: calls}", ["line 3, a_b: There is another"]),
        ("measures:\n- &a [*a]", ["line 2"]),
        ("measures: !!python/object/apply:os.system ['true']", ["This is no YAML"]),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_in_which_line(text: str, told: list[str]) -> None:
    with pytest.raises(FileRefused) as refused:
        measures_from_yaml(text)
    for part in told:
        assert part in str(refused.value)


def test_a_file_is_named_with_what_is_wrong_in_it(tmp_path: Path) -> None:
    file = tmp_path / "measures.yaml"
    with pytest.raises(FileUnusable, match=r"measures\.yaml cannot be read: No such file"):
        read_measures(file)
    file.write_text("measures: [{name: a_b, count: birds}]")
    with pytest.raises(FileUnusable, match=r"measures\.yaml cannot be used:\n  line 1, a_b, count: "):
        use_measures(file)
    file.write_text(FILE)
    use_measures(file)
    assert list(MEASURES) == [*BUILT_IN, *NAMES]
    use_measures(None)
    assert set(NAMES) <= set(MEASURES)
    use_custom([])
    assert dict(MEASURES) == dict(BUILT_IN)
    with pytest.raises(ValueError, match="built in cannot be defined anew: calls"):
        use_custom([BUILT_IN["calls"]])


def test_the_file_on_the_page_can_be_used_and_what_it_says_is_all_there_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "measures.md").read_text()
    (file,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [m.name for m in measures_from_yaml(file)] == [
        "cart_value_usd",
        "refund_ratio",
        "documents_p95",
        "hot_output_tokens",
    ]
    said = set(re.findall(r"`([\w.]+)`", page))
    assert {*COUNTED, *Entry.aggregates(), *(f"{name}.KEY" for name in KEYED), *filter(None, get_args(Unit))} <= said
