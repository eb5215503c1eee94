"""Released SDKs of other vendors, pointed at us by their own settings alone: what their applications do is shown right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dropin.expectations import FACTS, SAYS, TREES
from dropin.recording import Recorded
from dropin.truth import shown
from dropin.vendors import VENDORS

pytestmark = pytest.mark.clickhouse
every_vendor = pytest.mark.parametrize("name", VENDORS)


@every_vendor
def test_each_call_is_shown_as_it_was(recorded: Callable[[str], Recorded], name: str) -> None:
    calls = recorded(name).calls
    assert len(calls) == len(SAYS[name].calls)
    for call, span in zip(SAYS[name].calls, calls, strict=True):
        assert shown(span) == SAYS[name].of(call), call


@every_vendor
def test_each_call_is_counted_once(recorded: Callable[[str], Recorded], name: str) -> None:
    calls = [SAYS[name].of(call) for call in SAYS[name].calls]
    totals = [trace["totals"] for trace in recorded(name).traces]
    for field in ("input_tokens", "output_tokens"):
        assert sum(each[field] or 0 for each in totals) == sum(call[field] or 0 for call in calls)
    costs = [float(call["cost_usd"].expected) for call in calls if call["cost_usd"] is not None]
    assert sum(each["cost_usd"] or 0 for each in totals) == pytest.approx(sum(costs))
    assert sum(each["errors"] for each in totals) == sum(call["failed"] for call in calls)


@every_vendor
def test_who_and_where_is_on_every_span(recorded: Callable[[str], Recorded], name: str) -> None:
    facts = FACTS.get(name, {"session_id": "", "user_id": "", "tags": [], "metadata": {}})
    for span in recorded(name).spans:
        assert {fact: span[fact] for fact in facts} == facts, span["name"]


@pytest.mark.parametrize("name", TREES)
def test_each_span_is_below_the_one_that_made_it(recorded: Callable[[str], Recorded], name: str) -> None:
    spans = recorded(name).spans
    by_id = {span["span_id"]: span for span in spans} | {None: {"name": ""}}
    own = [span for span in spans if span["kind"] not in {"llm", "embedding"}]
    assert [(span["kind"], span["name"], by_id[span["parent_span_id"]]["name"]) for span in own] == TREES[name]
    (agent,) = {parent for kind, tool, parent in TREES[name] if "weather" in tool}
    assert {by_id[call["parent_span_id"]]["name"] for call in recorded(name).calls} == {agent}


@every_vendor
def test_the_sdk_has_nothing_to_complain_of(recorded: Callable[[str], Recorded], name: str) -> None:
    assert "export" not in recorded(name).complaints.lower()
