from __future__ import annotations

import pytest

from spanglass_store.measures import MEASURES
from spanglass_store.numbers import format_bytes, format_value


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("cost_usd", None, "–"),
        ("cost_usd", 0.0, "$0"),
        ("cost_usd", 1234.5, "$1,234.50"),
        ("cost_usd", 0.01234, "$0.0123"),
        ("cost_usd", 0.00001234, "$0.0000123"),
        ("latency_p95_seconds", 0.0123, "12.3 ms"),
        ("latency_p95_seconds", 1.234, "1.23 s"),
        ("latency_p95_seconds", 192.0, "3 min 12 s"),
        ("error_ratio", 0.0412, "4.12 %"),
        ("calls", 12345.0, "12,345"),
        ("total_tokens", 1_234_567.0, "1.23 M"),
        ("score_mean", float("nan"), "–"),
        ("score_mean", 0.8456, "0.846"),
    ],
)
def test_values_are_shown_as_a_person_writes_them(name: str, value: float | None, text: str) -> None:
    assert format_value(MEASURES[name], value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (950, "950 B"), (12_345, "12.3 kB"), (2_147_483_648, "2.15 GB"), (5e6, "5 MB")]
)
def test_bytes_are_shown_as_a_person_writes_them(value: float, text: str) -> None:
    assert format_bytes(value) == text
