"""The capacity model: its formulas, by hand, and that it never gets cheaper to have more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_cli.capacity import COLUMNS, FIGURES, LOADS, capacity

BY_HAND = {
    "collector_us_per_span": 20,
    "clickhouse_us_per_span": 40,
    "overview_us_per_span": 0.1,
    "bytes_per_span": 700,
    "peak": 2,
    "busy_share": 0.5,
    "later_merges": 0.5,
    "answer_seconds": 2,
    "retention_days": 10,
    "full_share": 0.7,
}


def test_the_formulas_are_those_of_the_page() -> None:
    told = capacity(86_400_000, BY_HAND)  # 1,000 spans a second, 2,000 at peak
    assert told.peak_spans_per_second == pytest.approx(2_000)
    assert told.collector_cores == pytest.approx(2_000 * 20e-6 / 0.5)
    assert told.writing_cores == pytest.approx(2_000 * 40e-6 * 1.5 / 0.5)
    assert told.reading_cores == pytest.approx(86_400_000 * 0.1e-6 / 2)
    assert told.disk_gb == pytest.approx(86_400_000 * 10 * 700 / 1e9 / 0.7)


def test_the_form_and_the_money_follow_from_the_sizes() -> None:
    sizes = {"server_cores": 8, "server_disk_gb": 1_000, "embedded_cores": 1, "embedded_disk_gb": 100}
    forms = {load: capacity(load, sizes) for load in LOADS}
    assert [told.form for told in forms.values()][:4] == ["embedded"] * 4
    largest = forms[10**9]
    assert (largest.form, largest.copies) == ("cluster", 2)
    assert largest.shards == max(
        -(-int(largest.disk_gb) // 1_000), -(-int(largest.writing_cores + largest.reading_cores) // 8)
    )
    dearer = capacity(10**9, {**sizes, "core_usd_per_hour": 0, "disk_usd_per_gb_month": 1})
    assert dearer.usd_per_month == pytest.approx(2 * dearer.disk_gb)


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(KeyError, match="cores_of_the_moon"):
        capacity(1, {"cores_of_the_moon": 1})


@given(st.integers(1, 10**11), st.integers(0, 10**11))
def test_more_spans_never_take_less(load: int, more: int) -> None:
    small, large = capacity(load), capacity(load + more)
    order = ["embedded", "one server", "cluster"]
    assert order.index(small.form) <= order.index(large.form)
    for name in ("collector_cores", "writing_cores", "memory_gb", "disk_gb", "shards", "usd_per_month"):
        assert getattr(small, name) <= getattr(large, name)


@given(st.integers(1, 10**11), st.sampled_from(["nothing", "disk", "cores, to read"]))
def test_every_column_can_be_told(load: int, first: str) -> None:
    assert all(tell(replace(capacity(load), first=first)) for tell in COLUMNS.values())


def test_every_figure_says_where_it_comes_from() -> None:
    assert [name for name, figure in FIGURES.items() if not figure.source or not figure.help] == []
