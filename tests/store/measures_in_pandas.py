"""Every measure once more, in pandas: what the database says is held against it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from spanglass_store.span import Span

MODEL_CALLS = ("llm", "embedding", "rerank")


def frame_of(spans: Iterable[Span]) -> pd.DataFrame:
    """A row a span; amounts NaN where nothing is known. Columns as ``measured`` wants them."""
    frame = pd.DataFrame(
        {
            "kind": s.kind,
            "error": s.status == "error",
            "trace": s.trace_id,
            "root": not s.parent_span_id,
            "counted": s.usage_counted,
            "weight": s.sampling_weight,
            "seconds": s.duration_ns / 1e9,
            "input": s.usage.input_tokens,
            "output": s.usage.output_tokens,
            "cost": None if s.cost.total_usd is None else float(s.cost.total_usd),
            "first": None if s.time_to_first_token_ns is None else s.time_to_first_token_ns / 1e9,
            "user": s.user_id,
            "session": s.session_id,
        }
        for s in spans
    )
    return frame.assign(cost=pd.to_numeric(frame["cost"]))


def measured(frame: pd.DataFrame) -> dict[str, float]:
    """Every measure of spans, of the rows of ``frame``; NaN for no value."""
    counted = frame[frame["counted"]]
    calls = counted[counted["kind"].isin(MODEL_CALLS)]
    llm = counted[counted["kind"] == "llm"]
    failed = frame[frame["error"]]
    priced = calls[calls["cost"].notna()]
    told = llm[llm["output"].notna()]
    input_tokens = (counted["input"].fillna(0) * counted["weight"]).sum()
    output_tokens = (counted["output"].fillna(0) * counted["weight"]).sum()
    traces = _or_zero(frame["trace"].nunique() * frame["weight"].mean())
    trace_errors = _or_zero(failed["trace"].nunique() * failed["weight"].mean())
    unknown_cost = len(calls) > 0 and not counted["cost"].notna().any()
    values = {
        "calls": calls["weight"].sum(),
        "traces": traces,
        "errors": calls[calls["error"]]["weight"].sum(),
        "error_ratio": _ratio(calls[calls["error"]]["weight"].sum(), calls["weight"].sum()),
        "trace_errors": trace_errors,
        "trace_error_ratio": _ratio(trace_errors, traces),
        "cost_usd": math.nan if unknown_cost else (counted["cost"].fillna(0) * counted["weight"]).sum(),
        "unpriced_calls": calls[calls["cost"].isna() & ~calls["error"]]["weight"].sum(),
        "cost_per_call_usd": _ratio((priced["cost"] * priced["weight"]).sum(), priced["weight"].sum()),
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "output_tokens_per_second": _ratio(told["output"].sum(), told["seconds"].sum()),
        "users": frame["user"].replace("", pd.NA).nunique(),
        "sessions": frame["session"].replace("", pd.NA).nunique(),
    }
    return {name: float(value) for name, value in values.items()} | percentiles(frame)


def percentiles(frame: pd.DataFrame, *, rank_error: float = 0.0) -> dict[str, float]:
    """The measures that are percentiles, taken ``rank_error`` (0 to 1) higher."""
    llm = frame[frame["counted"] & (frame["kind"] == "llm")]
    asked = (
        ("latency", llm, "seconds", (50, 95, 99)),
        ("trace_latency", frame[frame["root"]], "seconds", (50, 95, 99)),
        ("time_to_first_token", llm[llm["first"].notna()], "first", (50, 95)),
    )
    return {
        f"{name}_p{level}_seconds": weighted_quantile(rows[column], rows["weight"], level / 100 + rank_error)
        for name, rows, column, levels in asked
        for level in levels
    }


def weighted_quantile(values: pd.Series, weights: pd.Series, level: float) -> float:
    """The quantile of ``values``, each as often as its whole weight; NaN of nothing."""
    expanded = np.repeat(values.to_numpy(), weights.astype(int))
    return float(np.quantile(expanded, level)) if len(expanded) else math.nan


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
