"""An alert as fields, badges and charts: the pure parts behind the alerts page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alert_history import MINUTE_NS, RULE
from hypothesis import given
from hypothesis import strategies as st

from spanglass_dashboard import alert_charts
from spanglass_dashboard.alert_draft import (
    FILTER_FIELDS,
    SUGGESTIONS,
    bad_direction,
    fields_from_rule,
    rule_from_fields,
    rule_from_suggestion,
    threshold_label,
)
from spanglass_dashboard.alert_form import would_have_text
from spanglass_dashboard.alert_status import CHANGE_COLORS, CHANGES, last_change_text
from spanglass_dashboard.palette import DARK
from spanglass_store.alerting.backtest import Firing
from spanglass_store.measures import MEASURES
from spanglass_store.query import Filters, Window
from spanglass_store.rules import Rule, Transition, rule_problems

DAY = Window(0, 24 * 60 * MINUTE_NS)
names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
filters = st.builds(
    lambda fields, score: Filters.of(**fields, score_name=score),
    st.dictionaries(st.sampled_from([*FILTER_FIELDS, "user_id"]), st.lists(names, min_size=1, max_size=3, unique=True)),
    st.just(["helpful"]),
)
rules = st.builds(
    Rule,
    project=st.just("shop"),
    rule_id=names,
    name=names,
    measure=st.sampled_from(sorted(MEASURES)),
    comparison=st.sampled_from(["above", "below"]),
    threshold=st.floats(-1e6, 1e6).map(lambda value: round(value, 6)),
    window_seconds=st.integers(1, 90_000),
    for_seconds=st.integers(0, 9_000),
    keep_firing_seconds=st.integers(0, 9_000),
    filters=filters,
    channels=st.lists(names.map("json://{}".format), unique=True, max_size=3).map(tuple),
    severity=st.sampled_from(["warning", "critical"]),
    no_data=st.sampled_from(["ok", "keep", "firing"]),
    enabled=st.booleans(),
)


@given(rules)
def test_a_rule_that_is_opened_and_saved_is_the_same_rule(rule: Rule) -> None:
    kept = rule.filters if MEASURES[rule.measure].table == "scores" else rule.filters.with_("score_name", ())
    again = rule_from_fields(fields_from_rule(rule), rule)
    assert again == replace(rule, filters=kept, threshold=again.threshold)
    assert again.threshold == pytest.approx(rule.threshold, abs=1e-9)


def test_a_ratio_is_typed_in_percent() -> None:
    rule = replace(RULE, measure="error_ratio", threshold=0.05)
    fields = fields_from_rule(rule)
    assert fields["threshold"] == 5.0
    assert rule_from_fields(fields | {"threshold": 7.5}, rule).threshold == 0.075


@pytest.mark.parametrize(
    ("measure", "label", "direction"),
    [
        ("error_ratio", "Threshold (%)", "above"),
        ("cost_usd", "Threshold ($)", "above"),
        ("latency_p95_seconds", "Threshold (s)", "above"),
        ("score_mean", "Threshold (score)", "below"),
        ("calls", "Threshold (calls)", "above"),
    ],
)
def test_each_measure_has_a_unit_and_a_bad_side(measure: str, label: str, direction: str) -> None:
    assert (threshold_label(measure), bad_direction(measure)) == (label, direction)


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_every_measure_can_be_typed_in(measure: str) -> None:
    assert threshold_label(measure).startswith("Threshold (")


@pytest.mark.parametrize("suggestion", SUGGESTIONS)
def test_a_suggestion_is_a_whole_rule(suggestion: object) -> None:
    rule = rule_from_suggestion(suggestion, "shop", "r", Filters.of(service=["a"]))  # type: ignore[arg-type]
    assert rule_problems(rule) == []
    assert rule.filters == Filters.of(service=["a"])


@pytest.mark.parametrize(
    ("firings", "has_data", "said"),
    [
        ((), False, "**No data** in the last 7 days"),
        ((), True, "**Would not have fired** in the last 7 days."),
        ((Firing(0, 0),), True, "**Would have fired once** in the last 7 days."),
        (
            (Firing(0, MINUTE_NS), Firing(DAY.end_ns - MINUTE_NS, None)),
            True,
            "2 times** in the last 7 days, for 2 min in all.",
        ),
    ],
)
def test_the_preview_in_words(firings: tuple[Firing, ...], has_data: bool, said: str) -> None:
    assert said in would_have_text(firings, DAY, has_data=has_data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "Has not fired yet"),
        (("inactive", "firing"), "Firing for 1 h"),
        (("inactive", "pending"), "Over the threshold for 1 h"),
        (("firing", "resolved"), "Resolved 30 min ago"),
        (("pending", "inactive"), "Calm again 30 min ago"),
        (("firing", "inactive"), "Paused 30 min ago"),
    ],
)
def test_the_last_change_in_words(change: tuple[str, str] | None, said: str) -> None:
    last = change and Transition("p", "r", 60 * MINUTE_NS, *change, 1.0, 2.0, 30 * MINUTE_NS)  # type: ignore[arg-type]
    assert last_change_text(RULE, last or None, 90 * MINUTE_NS) == said


def test_every_change_has_a_colour() -> None:
    assert set(CHANGES.values()) == set(CHANGE_COLORS)


def test_the_spark_shows_gaps_threshold_and_firing_times() -> None:
    points = [(0, 1.0), (MINUTE_NS, None), (2 * MINUTE_NS, 3.0)]
    option = alert_charts.spark(points, [Firing(2 * MINUTE_NS, None)], DAY, RULE, DARK)
    (line,) = option["series"]
    assert line["data"] == [[0, 1.0], [60_000, None], [120_000, 3.0]]
    assert line["markLine"]["data"] == [{"yAxis": 2.0}]
    assert line["markArea"]["data"] == [[{"xAxis": 120_000}, {"xAxis": 86_400_000}]]
    assert option["yAxis"]["min"] == 0
    assert option["yAxis"]["max"] > 3


def test_the_preview_shades_each_time_it_would_have_fired() -> None:
    points = [(tick * MINUTE_NS, float(tick % 4)) for tick in range(20)]
    firings = [Firing(3 * MINUTE_NS, 4 * MINUTE_NS), Firing(19 * MINUTE_NS, None)]
    figure = alert_charts.preview(points, firings, DAY, RULE, DARK, timezone="Europe/Berlin")
    shaded = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [str(shape.x0)[11:16] for shape in shaded] == ["01:03", "01:19"]
    assert str(shaded[1].x1)[:16] == "1970-01-02 01:00"
    assert list(figure.data[0].y) == [value for _, value in points]
