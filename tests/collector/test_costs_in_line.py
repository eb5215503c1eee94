"""Costs along the line: from a request to what is kept and counted."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from collector.wire import body_of, model_call, wire_span
from own_prices import own

from spanglass_collector.caps import Caps
from spanglass_collector.metrics import Metrics
from spanglass_collector.own_prices import Prices
from spanglass_collector.pipeline import spans_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_collector.receive.keep import KeepSpans

PUBLIC = GenaiPrices()
UNKNOWN = {"gen_ai.request.model": "llama-8b", "gen_ai.response.model": "llama-8b"}
USD = Decimal("0.00045")


def test_usage_that_is_told_twice_costs_once() -> None:
    outer = model_call()
    inner = model_call(trace_id=outer.trace_id, parent_span_id=outer.span_id)
    agent = wire_span("agent", {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 1000})
    body = body_of(outer, inner, agent, model_call())
    spans, _ = spans_from_body(body, project="p", received_ns=outer.end_ns, prices=PUBLIC)
    assert sum(span.cost.total_usd or 0 for span in spans) == 3 * USD
    assert sum(span.cost.total_usd or 0 for span in spans if span.usage_counted) == 2 * USD


def test_an_own_price_is_of_its_project_and_a_reported_cost_is_of_nobody_s_price() -> None:
    prices = Prices(PUBLIC, [own("gpt-4o-mini*", project="shop", input_usd=Decimal(100))])
    told = model_call(attributes={"gen_ai.usage.cost": 0.5})
    body = body_of(model_call(), told)
    costs = {
        project: [
            (span.cost.total_usd, span.cost.source)
            for span in spans_from_body(body, project=project, received_ns=told.end_ns, prices=prices)[0]
        ]
        for project in ("shop", "house")
    }
    assert costs["house"] == [(USD, "computed"), (Decimal("0.5"), "reported")]
    assert costs["shop"] == [(Decimal("0.101"), "computed"), (Decimal("0.5"), "reported")]


def test_calls_without_a_price_are_counted_once(tmp_path: Path) -> None:
    outer = model_call(attributes=UNKNOWN)
    inner = model_call(attributes=UNKNOWN, trace_id=outer.trace_id, parent_span_id=outer.span_id)
    untold = model_call(attributes=UNKNOWN | {"gen_ai.usage.input_tokens": "", "gen_ai.usage.output_tokens": ""})
    body = body_of(outer, inner, untold, model_call(), wire_span())
    metrics = Metrics()
    with Queue.open(tmp_path, max_bytes=10**9) as queue:
        keep = KeepSpans(queue, PUBLIC, metrics, Caps(100, 10**6, 100, 100))
        assert asyncio.run(keep(body, "p")).is_new
        assert not asyncio.run(keep(body, "p")).is_new
    assert b"spanglass_unpriced_spans_total 1.0" in metrics.text()
