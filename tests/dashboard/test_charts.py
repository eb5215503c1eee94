"""Charts as values: the right numbers and units, and no text of others where it would be HTML."""

from __future__ import annotations

import json

import pytest
from dashboard.times import EVIL, WINDOW, series

from spanglass_dashboard import charts
from spanglass_dashboard.buckets import filled
from spanglass_dashboard.charts import Line, scale_for, time_chart
from spanglass_dashboard.palette import DARK, LIGHT


@pytest.mark.parametrize(
    ("unit", "largest", "factor", "axis"),
    [
        ("seconds", 0.5, 1000, "{value} ms"),
        ("seconds", 2.0, 1, "{value} s"),
        ("usd", 0.2, 1, "${value}"),
        ("ratio", 0.3, 100, "{value} %"),
        ("tokens", 900, 1, "{value}"),
        ("tokens", 90_000, 1e-3, "{value} k"),
        ("tokens", 90_000_000, 1e-6, "{value} M"),
    ],
)
def test_an_axis_tells_its_unit(unit: str, largest: float, factor: float, axis: str):
    scale = scale_for(unit, largest)
    assert (scale.factor, scale.axis) == (factor, axis)


def test_a_chart_is_json_with_gaps_as_null():
    frame = filled(series((1, 0.25), (3, 0.5)), WINDOW, 60)
    option = time_chart(frame, [Line("p95", "p95")], WINDOW, LIGHT, unit="seconds", threshold=0.4)
    json.dumps(option, allow_nan=False)
    assert [value for _, value in option["series"][0]["data"]] == [250.0, None, 500.0, None, None]
    assert option["series"][0]["showSymbol"], "points without neighbours would be invisible as a line"
    assert option["series"][0]["markLine"]["data"] == [{"yAxis": 400.0}]
    assert option["xAxis"]["min"] == WINDOW.start_ns // 10**6


def test_names_from_outside_stay_out_of_formatters():
    frame = filled(series((1, 1.0)), WINDOW, 60).rename(columns={"calls": EVIL})
    option = time_chart(frame, [Line(EVIL, EVIL)], WINDOW, DARK, unit="calls", kind="bar")
    assert option["series"][0]["name"] == EVIL
    del option["series"]
    assert EVIL not in json.dumps(option)


def test_red_is_for_errors_only():
    for palette in (LIGHT, DARK):
        assert palette.error not in palette.categorical
        assert charts.color_of(Line("e", "Failed", "error"), 0, palette) == palette.error
