"""A model call that two libraries tell in one request: which of the two counts, and what it takes from the other.

Libraries are stacked: a provider's own client, what instruments it, a framework that calls it. Pure, but for the
sheets, which are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS
from spanglass_collector.together import scopes_of
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Sheet

PROVIDERS_OWN: Final = ("com.anthropic.sdk.", "mistralai_sdk_tracer")
"""Scopes of spans that a provider's client makes by itself. They have the exact figures, and no messages."""
TAKEN: Final = (
    "time_to_first_token_ns",
    "finish_reasons",
    "tool_names",
    "service_tier",
    "system_fingerprint",
    "response_id",
    "response_model",
    "input",
    "output",
    "input_preview",
    "output_preview",
)
"""Columns that the one that counts takes from the other where it has nothing itself; parameters are joined."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A row that is a call of a model."""

    sheet: Sheet
    at: int

    def __getitem__(self, column: str) -> Any:
        values = self.sheet.columns.get(column)
        return DEFAULTS[column] if values is None else values[self.at]

    def put(self, column: str, value: Any) -> None:
        values = self.sheet.columns.get(column)
        changed = [DEFAULTS[column]] * self.sheet.count if values is None else list(values)
        changed[self.at] = value
        self.sheet.columns[column] = changed

    @property
    def usage(self) -> tuple[Any, Any]:
        return self["input_tokens"], self["output_tokens"]

    @property
    def tells_usage(self) -> bool:
        return self.usage != (None, None)

    @property
    def is_providers_own(self) -> bool:
        return str(self["scope_name"]).startswith(PROVIDERS_OWN)


def count_once(sheets: Sequence[Sheet]) -> None:
    """Of each call that is told twice, let one count: the upper of two, or the one with the messages. Where the
    provider's own client has other figures, its own are right.
    """
    several = len(set().union(*map(scopes_of, sheets))) > 1
    calls = [*_calls(sheets, with_usage=not several)]
    if len(calls) < 2:
        return
    places = {(call["trace_id"], call["span_id"]): call for call in calls}
    for call in calls:
        above = places.get((call["trace_id"], call["parent_span_id"]))
        if above is not None and above["usage_counted"]:
            _settle_nested(above, call)
    if several:
        for answers in _by_answer(calls):
            _settle_apart(answers)


def _calls(sheets: Iterable[Sheet], *, with_usage: bool) -> Iterator[_Call]:
    for sheet in sheets:
        if "input_tokens" in sheet.columns or not with_usage:
            for at, kind in enumerate(sheet.columns["kind"]):
                if kind in MODEL_KINDS:
                    yield _Call(sheet, at)


def _settle_nested(above: _Call, below: _Call) -> None:
    if above.usage == below.usage:
        _let_count(above, below)
    elif below.tells_usage and not above.tells_usage and above["scope_name"] != below["scope_name"]:
        above.put("usage_counted", value=False)  # it may have called more than once: each call counts by itself


def _by_answer(calls: Iterable[_Call]) -> list[list[_Call]]:
    """Calls that still count and have one and the same answer, but for those that one library tells."""
    answers: dict[tuple[Any, Any], list[_Call]] = {}
    for call in calls:
        if (response_id := call["response_id"]) and call["usage_counted"]:
            answers.setdefault((call["provider"], response_id), []).append(call)
    return [same for same in answers.values() if len({call["scope_name"] for call in same}) == len(same) > 1]


def _settle_apart(answers: Sequence[_Call]) -> None:
    """They stand beside each other, perhaps in traces of their own."""
    ranked = sorted(answers, key=lambda call: (call.is_providers_own, call["start_time"]))
    exact = ranked[-1] if ranked[-1].is_providers_own and ranked[-1].tells_usage else None
    counting = exact if exact and exact.usage != ranked[0].usage else ranked[0]
    for other in ranked:
        if other is not counting:
            _let_count(counting, other)


def _let_count(counting: _Call, other: _Call) -> None:
    other.put("usage_counted", value=False)
    for column in TAKEN:
        if not counting[column] and (value := other[column]):
            counting.put(column, value)
    sent: Mapping[str, str] = other["parameters"]
    if not sent.keys() <= counting["parameters"].keys():
        counting.put("parameters", {**sent, **counting["parameters"]})
