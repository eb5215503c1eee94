"""The tiles: value, change, line."""

from __future__ import annotations

import pandas as pd
import pytest

from spanglass_dashboard.kpis import KPIS, change, kpis, spark

NAN = float("nan")


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (110.0, 100.0, "+10.0 %"),
        (90.0, 100.0, "-10.0 %"),
        (100.01, 100.0, 0),
        (2500.0, 100.0, "+25 ×"),
        (5.0, 0.0, None),
        (5.0, None, None),
        (NAN, 5.0, None),
        (5.0, NAN, None),
    ],
)
def test_change(now: float | None, before: float | None, expected: str | int | None):
    assert change(now, before) == expected


def test_a_line_needs_two_known_points():
    assert spark([NAN, 1.0, NAN]) == ()
    assert spark([NAN, 1.0, NAN, 2.0]) == (1.0, 2.0)


def test_a_tile_tells_unknown_as_unknown_and_leaves_out_the_bucket_that_is_not_over():
    past = pd.DataFrame([[value] * len(KPIS) for value in (1.0, 2.0, 0.0)], columns=KPIS)
    tiles = {tile.name: tile for tile in kpis({"cost_usd": NAN}, {"cost_usd": 1.0}, past)}
    tile = tiles["cost_usd"]
    assert tuple(tiles) == KPIS
    assert (tile.value, tile.delta, tile.spark) == ("–", None, (1.0, 2.0))
    assert tile.delta_color == "inverse", "more cost is bad news"
