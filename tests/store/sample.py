"""A made-up data set, the same all day: two hours of a shop, around the midnight before, so that it lies in two partitions."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from spanglass_store import (
    annotations,
    attribute_names,
    claims,
    deletion,
    keys,
    prices,
    prompts,
    retention,
    rules,
    saved_views,
    span_details,
)
from spanglass_store.native import Block
from spanglass_store.query import Window
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage

SECOND_NS: Final = 10**9
MIDNIGHT_NS: Final = int(time.time()) // 86_400 * 86_400 * SECOND_NS  # some tables forget after a month
WINDOW: Final = Window(MIDNIGHT_NS - 3_600 * SECOND_NS, MIDNIGHT_NS + 3_600 * SECOND_NS)
PROJECT: Final = "p"
TRACES: Final = 600
BATCHES: Final = 6


def spans(seed: int = 5) -> list[Span]:
    """Some 2,400 spans of traces in ``WINDOW`` and in the one before, an agent at the root of each."""
    dice = random.Random(seed)
    return [span for number in range(1, TRACES + 1) for span in _trace(number, dice)]


def blocks() -> Iterator[Block]:
    """Everything there is, in inserts of their own."""
    told = spans()
    for number in range(BATCHES):
        yield block_from_spans(told[number::BATCHES])
    judged = list(_scores(told))
    for number in range(BATCHES):
        yield block_from_scores(judged[number::BATCHES])
    yield span_details.block_from_details([_detail(span) for span in told if span.kind == "agent"])
    yield rules.block_from_rule(rules.Rule(PROJECT, "r", "slow", "latency_p95_seconds", "above", 2.0), version=1)
    yield rules.block_from_rule(rules.Rule(PROJECT, "r", "slow", "latency_p95_seconds", "above", 3.0), version=2)
    yield rules.block_from_transitions(
        [
            rules.Transition(PROJECT, "r", WINDOW.start_ns + n, "ok", "firing", 2.0, 1.0, WINDOW.start_ns)
            for n in range(5)
        ]
    )
    key = keys.ApiKey("k", PROJECT, "mine", "ingest", "0" * 64, "sg_abc", WINDOW.start_ns)
    yield keys.block_from_key(key, version=1)
    own = prices.OwnPrice(PROJECT, "m-*", 0, input_usd=Decimal(1))
    yield prices.block_from_prices([own], version=1)
    name = attribute_names.AttributeName(
        PROJECT, "shop", "s", "1", "a", "known", "name", "otel", "", WINDOW.start_ns // 10**6
    )
    yield attribute_names.block_from_names([name])
    yield annotations.block_from_annotations(list(_notes(told)), version=1)
    yield prompts.block_from_prompts([prompts.Prompt(PROJECT, "n", "1", "Hello", WINDOW.start_ns)], version=1)
    view = saved_views.SavedView(
        PROJECT, "v", "Errors", "traces", "?status=error", "o", is_shared=True, created_at_ns=WINDOW.start_ns
    )
    yield saved_views.block_from_views([view], version=1)
    yield retention.block_from_retention(retention.Retention(PROJECT, 0), version=1)
    gone = deletion.Deletion(PROJECT, "user", "nobody", "d", WINDOW.start_ns)
    yield deletion.block_from_deletions([gone])
    for collector in ("c", "d"):
        yield claims.block_from_claims(
            [b"d" * 16, b"e" * 16], collector=collector, group_id="g", yielded=collector == "d"
        )
    yield claims.block_from_verdict(b"d" * 16, collector="d")


def _trace(number: int, dice: random.Random) -> Iterator[Span]:
    start_ns = WINDOW.previous().start_ns + number * (2 * WINDOW.duration_ns // (TRACES + 1))
    shared = {
        "project": PROJECT,
        "trace_id": f"{dice.getrandbits(128):032x}",
        "service": dice.choice(["shop", "bot"]),
        "environment": dice.choice(["production", "test"]),
        "release": dice.choice(["1", "2"]),
        "session_id": f"s{number // 3 or ''}",
        "user_id": dice.choice(["", "u", *(f"u{n}" for n in range(20))]),
        "tags": tuple(dice.sample(["a", "b", "c"], dice.randrange(4))),
        "sampling_weight": dice.choice([1.0, 1.0, 2.0]),
    }
    root = f"{number * 100:016x}"
    for place in range(1 + dice.randrange(7)):
        kind = dice.choice(["llm", "llm", "embedding", "tool"]) if place else "agent"
        is_call = kind in {"llm", "embedding"}
        began_ns = start_ns + place * 10**6
        cost = Decimal(dice.randrange(10**6)) / 10**8
        yield Span(
            **shared,  # type: ignore[arg-type]
            span_id=f"{number * 100 + place:016x}",
            parent_span_id=root if place else "",
            start_ns=began_ns,
            end_ns=began_ns + dice.randrange(10**6, 10**10),
            name=f"{kind} {dice.randrange(3)}",
            kind=kind,
            status=dice.choice(["ok", "ok", "error"]),
            error_type=dice.choice(["", "timeout"]),
            provider="openai" if is_call else "",
            request_model="m" if is_call else "",
            response_model=dice.choice(["", "m", "m-2"]) if is_call else "",
            input=dice.choice(["where is my lost parcel", "a refund, please", "parcel lost again"]),
            output=dice.choice(["it is on its way", "we found the lost parcel", ""]),
            input_preview="where is" if dice.random() < 0.5 else "",
            usage=Usage(dice.choice([None, 100]), dice.randrange(50), dice.choice([None, 20])) if is_call else Usage(),
            usage_counted=dice.random() < 0.9,
            cost=Cost(cost, cost / 2, cost / 2, source="computed", price_id="x")
            if is_call and dice.random() < 0.7
            else Cost(),
            time_to_first_token_ns=dice.choice([None, dice.randrange(10**9)]),
            prompt_name=dice.choice(["", "greeting"]) if is_call else "",
            prompt_version=dice.choice(["1", "2"]) if is_call else "",
            metadata={"plan": dice.choice(["pro", "free"])},
            attributes={"region": dice.choice(["eu", "us"]), "n": str(dice.randrange(5))},
        )


def _scores(told: list[Span]) -> Iterator[Score]:
    dice = random.Random(7)
    for number, span in enumerate(told[::3]):
        kind = dice.choice(["trace", "span", "session"])
        name, value, text = dice.choice(
            [("quality", dice.random(), ""), ("helpful", 1.0, ""), ("topic", None, "refund")]
        )
        yield Score(
            PROJECT,
            f"score-{number}",
            name,
            span.start_ns + 5,
            trace_id=span.trace_id if kind != "session" else "",
            span_id=span.span_id if kind == "span" else "",
            session_id=span.session_id if kind == "session" else "",
            data_type="categorical" if text else "numeric",
            value=value,
            text_value=text,
            source=dice.choice(["code", "human", "judge"]),
        )


def _notes(told: list[Span]) -> Iterator[annotations.Annotation]:
    for number, span in enumerate(told[::50]):
        on = {"trace_id": span.trace_id} if number % 2 == 0 else {"session_id": span.session_id}
        yield annotations.Annotation(PROJECT, f"note-{number}", "odd", "o", span.start_ns, label="l", **on)


def _detail(span: Span) -> dict[str, object]:
    return {
        "project": span.project,
        "trace_id": bytes.fromhex(span.trace_id),
        "span_id": int(span.span_id, 16),
        "record_id": bytes.fromhex(span.trace_id),
        "start_time": span.start_ns,
        "position": 1,
        "name": span_details.WHOLE,
        "output": "told by a record",
        "output_preview": "told by",
    }
