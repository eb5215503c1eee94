from __future__ import annotations

import pytest

from spanglass_collector.metrics import METRICS, Metrics


def test_every_metric_of_the_table_is_told_with_its_help() -> None:
    text = Metrics().text().decode()
    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}" in text
        assert metric.name.endswith({"counter": "_total", "histogram": "_seconds", "gauge": ""}[metric.kind])


def test_metrics_are_counted_set_and_observed() -> None:
    metrics = Metrics()
    metrics.add("spanglass_received_total", 3, signal="traces")
    metrics.set("spanglass_queue_rows", 7)
    metrics.observe("spanglass_ack_seconds", 0.03, signal="traces")
    text = metrics.text().decode()
    assert 'spanglass_received_total{signal="traces"} 3.0' in text
    assert "spanglass_queue_rows 7.0" in text
    assert 'spanglass_ack_seconds_bucket{le="0.05",signal="traces"} 1.0' in text


def test_a_metric_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(KeyError):
        Metrics().add("spanglass_nothing_total")
    with pytest.raises(TypeError):
        Metrics().add("spanglass_queue_rows")
