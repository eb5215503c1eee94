"""A rule, a way to run it over made-up minutes, and hypothesis strategies for both."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import strategies as st

from spanglass_store.alerting.evaluate import INACTIVE, NS, Standing, step
from spanglass_store.rules import Rule, Transition

MINUTE_NS = 60 * NS
RULE = Rule(project="shop", rule_id="r1", name="slow", measure="latency_p95_seconds", comparison="above", threshold=2.0)


def run(
    rule: Rule, values: list[float | None], *, standing: Standing = INACTIVE, first_tick: int = 0
) -> tuple[list[Standing], list[Transition]]:
    """The states after each value, one a minute, and the transitions among them."""
    states, transitions = [], []
    for tick, value in enumerate(values, first_tick):
        standing, transition = step(rule, standing, value, tick * MINUTE_NS)
        states.append(standing)
        if transition is not None:
            transitions.append(transition)
    return states, transitions


RULES = st.builds(
    replace,
    st.just(RULE),
    comparison=st.sampled_from(["above", "below"]),
    for_seconds=st.sampled_from([0, 30, 60, 180]),
    keep_firing_seconds=st.sampled_from([0, 60, 150]),
    no_data=st.sampled_from(["ok", "keep", "firing"]),
)
VALUES = st.lists(st.sampled_from([None, 0.0, 1.0, 2.0, 3.0, math.nan]), max_size=40)
