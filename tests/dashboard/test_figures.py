"""Plotly figures: bands with gaps, and no text of others where it would be HTML."""

from __future__ import annotations

import pandas as pd
from dashboard.times import EVIL, START_NS

from spanglass_dashboard import figures
from spanglass_dashboard.palette import LIGHT


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
    figure = figures.base_figure(LIGHT)
    figures.add_trend(figure, frame, EVIL, LIGHT.primary, LIGHT, timezone="Europe/Berlin")
    figures.add_threshold(figure, 0.3, LIGHT, EVIL)
    band, line = figure.data
    assert list(band.y) == [0.6, 0.7, 0.5, 0.4, None, 0.9, 0.7], "a gap parts the band"
    assert list(line.y) == [0.5, 0.6, 0.7, 0.8]
    assert line.x[0] == first.tz_convert("Europe/Berlin").tz_localize(None).to_numpy()
    assert EVIL not in figure.to_json()
