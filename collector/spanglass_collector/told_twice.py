"""A model call that two libraries tell in one request: which of the two counts, and what it takes from the other.

Libraries are stacked: a provider's own client, what instruments it, a framework that calls it. Pure, but for the
sheets, which are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS
from spanglass_collector.together import scopes_of
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Sheet

PROVIDERS_OWN: Final = ("com.anthropic.sdk.", "mistralai_sdk_tracer")
"""Scopes of spans that a provider's client makes by itself. They have the exact figures, and no messages."""
IN_PIECES: Final = ("litellm", "logfire", "gen_ai")
"""Beginnings of the scopes of libraries that tell one call in several spans of their own."""
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
NO_ID: Final = '"id":null'
"""In an output: tool calls whose ids the library left out."""
RECORD: Final = ("logfire.span_type", "log")
"""Attribute of the record that Logfire writes of a stream when it has been read (``dialects.logfire``)."""
RECORD_AFTER_NS: Final = 250_000_000
"""What may lie between the end of the request of a stream and the beginning of its record: 3 ms were measured."""


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

    @property
    def is_record(self) -> bool:
        name, value = RECORD
        return str(self["scope_name"]).startswith("logfire") and self["attributes"].get(name) == value

    def is_answer_of(self, other: _Call) -> bool:
        """Whether both tell the same answer, or at least the same model."""
        return any(
            self[name] and self[name] == other[name] for name in ("response_id", "response_model", "request_model")
        )


def count_once(sheets: Sequence[Sheet]) -> None:
    """Of each call that is told twice, let one count: the upper of two, or the one with the messages. Where the
    provider's own client has other figures, its own are right.
    """
    scopes = set().union(*map(scopes_of, sheets))
    in_pieces = any(scope.startswith(IN_PIECES) for scope in scopes)
    has_own = any(scope.startswith(PROVIDERS_OWN) for scope in scopes)
    several = len(scopes) > 1 or in_pieces or has_own
    if not several and not _any_nested(sheets):
        return
    calls = [*_calls(sheets, with_usage=not several)]
    places = {(call["trace_id"], call["span_id"]): call for call in calls}
    for call in calls:
        above = places.get((call["trace_id"], call["parent_span_id"]))
        if above is not None and above["usage_counted"]:
            _settle_nested(above, call)
    if several:
        for answers in _by_answer(calls):
            _settle_apart(answers)
    if has_own:
        own = [call for call in calls if call.is_providers_own]
        _settle_covered(own, calls)
        _settle_orphans(own, sheets, calls)
    if in_pieces:
        _settle_records(calls)


def _any_nested(sheets: Iterable[Sheet]) -> bool:
    """Whether a call may be right under another: mostly none is, and this is seen at once."""
    columns = [sheet.columns for sheet in sheets if not MODEL_KINDS.isdisjoint(sheet.columns["kind"])]
    parents = set().union(*(each.get("parent_span_id", ()) for each in columns))
    return not parents.isdisjoint(chain.from_iterable(each["span_id"] for each in columns))


def _calls(sheets: Iterable[Sheet], *, with_usage: bool) -> Iterator[_Call]:
    for sheet in sheets:
        if "input_tokens" in sheet.columns or not with_usage:
            for at, kind in enumerate(sheet.columns["kind"]):
                if kind in MODEL_KINDS:
                    yield _Call(sheet, at)


def _settle_nested(above: _Call, below: _Call) -> None:
    if above.usage == below.usage:
        _let_count(above, below)
    elif (
        below.tells_usage
        and not above.tells_usage
        and (above["scope_name"] != below["scope_name"] or below.is_answer_of(above))
    ):
        above.put("usage_counted", value=False)  # it may have called more than once: each call counts by itself
    elif above.tells_usage and not below.tells_usage and below.is_answer_of(above):
        _let_count(above, below)


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


def _settle_covered(own_calls: Sequence[_Call], calls: Sequence[_Call]) -> None:
    """Spans of a provider's client that do not say which answer they have: they belong to the call of the same model
    that was open meanwhile.
    """
    for own in own_calls:
        if own["response_id"] or not own["usage_counted"]:
            continue
        end_ns = own["start_time"] + own["duration_ns"]
        covering = [
            call
            for call in calls
            if not call.is_providers_own
            and call["usage_counted"]
            and call["request_model"] == own["request_model"]
            and call["start_time"] <= own["start_time"]
            and end_ns <= call["start_time"] + call["duration_ns"]
            and (call.usage == own.usage or not call.tells_usage)
        ]
        if covering:
            call = max(covering, key=lambda call: call["start_time"])
            _let_count(*((call, own) if call.usage == own.usage else (own, call)))


def _settle_records(calls: Sequence[_Call]) -> None:
    """A stream that Logfire tells: the record of it counts and not the request, unless the provider's own client has
    the same figures. Both may lie in traces of their own: they are found by model, time and what was said.
    """
    records = [call for call in calls if call["usage_counted"] and call.is_record]
    others = [call for call in calls if call["usage_counted"] and not call.is_record] if records else []
    for record in records:
        start_ns = record["start_time"]
        found = [
            call
            for call in others
            if call["request_model"] == record["request_model"]
            and call["start_time"] <= start_ns <= call["start_time"] + call["duration_ns"] + RECORD_AFTER_NS
            and call["input"] in {"", record["input"]}
            and (not call.tells_usage or (call.is_providers_own and call.usage == record.usage))
        ]
        if found:
            other = max(found, key=lambda call: (call.tells_usage, call["start_time"]))
            others.remove(other)
            _let_count(*((other, record) if other.tells_usage else (record, other)))


def _settle_orphans(own: Sequence[_Call], sheets: Sequence[Sheet], calls: Sequence[_Call]) -> None:
    """Spans of a provider's client whose parent came with another request, or will.

    The parent may be a library that tells the same call. It is taken for that, unless this request holds other spans
    of the application and none of such a library.
    """
    present = {
        place for sheet in sheets for place in zip(sheet.columns["trace_id"], sheet.columns["span_id"], strict=True)
    }
    libraries = [call for call in calls if not call.is_providers_own]
    others = sum(sheet.count for sheet in sheets) > len(calls)
    for call in own:
        place = call["trace_id"], call["parent_span_id"]
        if call["parent_span_id"] and place not in present and (libraries or not others):
            call.put("usage_counted", value=False)


def _let_count(counting: _Call, other: _Call) -> None:
    other.put("usage_counted", value=False)
    for column in TAKEN:
        if not counting[column] and (value := other[column]):
            counting.put(column, value)
    if NO_ID in counting["output"] and NO_ID not in (output := other["output"]) and output:
        counting.put("output", output)
    sent: Mapping[str, str] = other["parameters"]
    if not sent.keys() <= counting["parameters"].keys():
        counting.put("parameters", {**sent, **counting["parameters"]})
