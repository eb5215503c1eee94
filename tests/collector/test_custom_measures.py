"""Measures of one's own over the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from collector.serving import serving, settings

from spanglass_store.connection import Store
from spanglass_store.measures import use_custom
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span


@pytest.fixture(autouse=True)
def built_in_only() -> Iterator[None]:
    yield
    use_custom([])


@pytest.mark.clickhouse
def test_a_measure_of_the_file_is_told_and_answered(tmp_path: Path, store: Store, store_url: str) -> None:
    at_ns = 1_790_000_000 * 10**9
    span = Span("default", "1" * 32, "1" * 16, "", at_ns, at_ns, "pay", metadata={"cart": "12.5"})
    store.insert(block_from_spans([span]), token="span")
    file = tmp_path / "measures.yaml"
    file.write_text("measures: [{name: cart_value_usd, unit: usd, mean: metadata.cart}]")
    with serving(settings(tmp_path, store_url, measures_file=file)) as client:
        told = client.get("/api/v1/measures").json()["measures"]
        asked = {"measures": ["cart_value_usd"], "start_ns": at_ns - 1, "end_ns": at_ns + 1}
        rows = client.post("/api/v1/query", json=asked).json()["rows"]
    assert {"name": "cart_value_usd", "label": "Cart value usd", "unit": "usd"}.items() <= told[-1].items()
    assert rows == [{"cart_value_usd": 12.5}]
