"""Charts as values: the right numbers, every bucket, and no text of others where it would be HTML."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from spanglass_dashboard import charts
from spanglass_dashboard.charts import Line, filled, scale_for, time_chart, widened
from spanglass_dashboard.palette import DARK, LIGHT
from spanglass_store.query import Window

MINUTE_NS = 60 * 10**9
START_NS = 1_795_000_000 // 60 * 60 * 10**9 + 30 * 10**9  # half a minute into a minute
WINDOW = Window(START_NS, START_NS + 5 * MINUTE_NS)
EVIL = "<img src=x onerror=alert(1)>"


def series(*values: tuple[int, float]) -> pd.DataFrame:
    first = pd.Timestamp(START_NS, tz="UTC").floor("min")
    rows = [{"bucket": first + pd.Timedelta(minutes=minute), "calls": value, "p95": value} for minute, value in values]
    return pd.DataFrame(rows, columns=["bucket", "calls", "p95"])


def test_every_whole_bucket_has_a_row():
    whole = filled(series((0, 9.0), (1, 1.0), (3, 2.0)), WINDOW, 60, ["calls"])
    assert whole["calls"].tolist() == [1.0, 0.0, 2.0, 0.0, 0.0], "and the first, which began before, is not there"
    assert math.isnan(whole["p95"].iloc[1]), "no calls have no latency"


def test_an_empty_answer_is_filled_too():
    assert filled(series(), WINDOW, 60, ["calls"])["calls"].tolist() == [0.0] * 5


def test_groups_become_columns_largest_first_and_the_rest_is_added_up():
    bucket = pd.Timestamp(START_NS, tz="UTC").ceil("min")
    frame = pd.DataFrame({"bucket": bucket, "group": list("abcd"), "cost": [1.0, 4.0, 2.0, 3.0]})
    wide = widened(frame, "cost", limit=2)
    assert wide.columns.tolist() == ["bucket", "b", "d", charts.OTHERS]
    assert wide.iloc[0, 1:].tolist() == [4.0, 3.0, 3.0]


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


def test_a_trend_has_its_band_and_escapes_its_name():
    first = pd.Timestamp(START_NS, tz="UTC")
    nan = float("nan")
    frame = pd.DataFrame(
        {
            "bucket": [first + pd.Timedelta(minutes=minute) for minute in range(4)],
            "mean": [0.5, 0.6, 0.7, 0.8],
            "low": [0.4, 0.5, nan, 0.7],
            "high": [0.6, 0.7, nan, 0.9],
        }
    )
    figure = charts.base_figure(LIGHT)
    charts.add_trend(figure, frame, EVIL, LIGHT.primary, LIGHT, timezone="Europe/Berlin")
    charts.add_threshold(figure, 0.3, LIGHT, EVIL)
    band, line = figure.data
    assert list(band.y) == [0.6, 0.7, 0.5, 0.4, None, 0.9, 0.7], "a gap parts the band"
    assert list(line.y) == [0.5, 0.6, 0.7, 0.8]
    assert line.x[0] == first.tz_convert("Europe/Berlin").tz_localize(None).to_numpy()
    assert EVIL not in figure.to_json()
