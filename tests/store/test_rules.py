from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.connection import Store
from spanglass_store.query import Filters
from spanglass_store.rules import (
    Rule,
    Transition,
    all_rules,
    block_from_rule,
    block_from_transitions,
    last_transitions,
    rule_from_json,
    rule_from_row,
    rule_problems,
    rule_to_json,
    transition_from_row,
    transitions,
)

RULE = Rule(
    "default",
    "r1",
    "Too slow",
    "latency_p95_seconds",
    "above",
    5.0,
    channels=("json://127.0.0.1/",),
    filters=Filters.of("x", model=["m"]),
)


@given(
    st.builds(
        Rule,
        project=st.text(min_size=1),
        rule_id=st.text(min_size=1),
        name=st.text(min_size=1).filter(str.strip),
        measure=st.sampled_from(["cost_usd", "calls"]),
        comparison=st.sampled_from(["above", "below"]),
        threshold=st.floats(allow_nan=False, allow_infinity=False),
        window_seconds=st.integers(1, 10**6),
        for_seconds=st.integers(0, 10**6),
        channels=st.lists(st.text(), max_size=3).map(tuple),
        enabled=st.booleans(),
        filters=st.just(
            Filters.of("words", model=["a", "b"], tag=["c"])
            .excluding(user_id=["bot"])
            .with_attributes({"http.route": ["/a", "/b"], "resource.host.name": ["h"]})
        ),
    )
)
def test_a_rule_survives_its_json(rule: Rule) -> None:
    assert rule_from_json(rule_to_json(rule)) == rule


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": " "}, "needs a name"),
        ({"measure": "luck"}, "no measure"),
        ({"comparison": "near"}, "'above' or 'below'"),
        ({"threshold": float("nan")}, "must be a number"),
        ({"window_seconds": 0}, "at least one second"),
        ({"for_seconds": -1}, "negative"),
        ({"measure": "score_mean"}, "which score"),
        ({"severity": "panic"}, "severity"),
        ({"no_data": "maybe"}, "No data"),
    ],
)
def test_a_rule_that_makes_no_sense_says_why(change: dict[str, object], sentence: str) -> None:
    assert rule_problems(RULE) == []
    assert sentence in " ".join(rule_problems(replace(RULE, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": 1}', "null"])
def test_text_that_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an alert rule"):
        rule_from_json(text)


@pytest.mark.clickhouse
def test_the_newest_version_of_a_rule_wins_and_a_deleted_one_is_gone(store: Store) -> None:
    store.insert(block_from_rule(RULE, version=1), token="1")
    store.insert(block_from_rule(replace(RULE, threshold=7.0), version=2), token="2")
    assert [rule_from_row(r).threshold for r in store.fetch_rows(all_rules("default"))] == [7.0]
    assert store.fetch_rows(all_rules("other")) == []
    store.insert(block_from_rule(RULE, version=3, deleted=True), token="3")
    assert store.fetch_rows(all_rules()) == []


@pytest.mark.clickhouse
def test_transitions_come_newest_first_and_the_last_of_each_rule(store: Store) -> None:
    written = [
        Transition("default", "r1", 10**18, "inactive", "pending", 6.0, 5.0, 10**18),
        Transition("default", "r1", 10**18 + 5, "pending", "firing", 6.5, 5.0, 10**18, "sent", "p95 is 6.5 s"),
        Transition("default", "r2", 10**18 + 1, "inactive", "firing", None, 1.0, 10**18),
    ]
    store.insert(block_from_transitions(written), token="t")
    assert [transition_from_row(r) for r in store.fetch_rows(transitions("default"))] == [
        written[1],
        written[2],
        written[0],
    ]
    assert {transition_from_row(r) for r in store.fetch_rows(last_transitions())} == {written[1], written[2]}
    assert [transition_from_row(r) for r in store.fetch_rows(transitions("default", rule_id="r2"))] == [written[2]]
