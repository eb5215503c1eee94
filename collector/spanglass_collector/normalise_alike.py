"""What ``normalise`` makes of one span, made of many spans that are alike, column by column. Pure.

The rows are the same (a test holds it to that); the time a span is a third. Whatever is out of the ordinary is left to
``normalise``: ``sheet_from_alike`` then gives None.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from operator import le, sub
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS, Kind
from spanglass_collector.decode import Alike
from spanglass_collector.dialects.plan import Together
from spanglass_collector.messages import tools_called
from spanglass_collector.normalise import (
    COPIED,
    EARLIEST_NS,
    LATEST_AHEAD_NS,
    STATUS,
    TOKENS,
    finish_reasons_in,
    origin_row,
    preview,
    reported_cost,
    with_system,
)
from spanglass_collector.values import as_text, to_json
from spanglass_store.sheet import Sheet

_NO_ID: Final = bytes(8)
_ERROR: Final = 2
_ONE_BY_ONE: Final = frozenset({"status", "usage_counted", "error_message"})
"""Told fields that are too rare to be read column by column."""

Columns = dict[str, Sequence[Any]]


def sheet_from_alike(alike: Alike, together: Together, *, project: str, received_ns: int) -> Sheet | None:
    """The rows of spans that are alike; None where one of them is out of the ordinary.

    ``received_ns`` as in ``normalise.row_from_wire``.
    """
    told, count = together.told, len(alike.trace_ids)
    usual_times = (
        min(alike.starts_ns) >= EARLIEST_NS
        and max(alike.ends_ns) <= received_ns + LATEST_AHEAD_NS
        and all(map(le, alike.starts_ns, alike.ends_ns))
    )
    if not usual_times or not _ONE_BY_ONE.isdisjoint(told):
        return None
    columns: Columns = {name: [value] * count for name, value in origin_row(alike, project).items()}
    columns |= {
        "trace_id": alike.trace_ids,
        "span_id": _numbers(alike.span_ids),
        "name": alike.span_names,
        "kind": _kinds(told, count),
        "start_time": alike.starts_ns,
        "duration_ns": [*map(sub, alike.ends_ns, alike.starts_ns)],
    }
    columns |= {name: column for name, column in told.items() if name in COPIED}
    if any(alike.parent_ids):
        columns["parent_span_id"] = _numbers([parent or _NO_ID for parent in alike.parent_ids])
    if together.left:
        columns["attributes"] = _maps(together.left)
    _add_status(columns, alike, told)
    _add_content(columns, told, alike.parent_ids)
    if "cost_usd" in told:
        columns["cost_usd"] = [*map(reported_cost, told["cost_usd"])]
        columns["cost_source"] = ["reported"] * count
    if not _all_count(columns["kind"], told):
        return None
    return Sheet(count, columns)


def _numbers(ids: Sequence[bytes]) -> Sequence[int]:
    """Span ids as the numbers that their column holds: big-endian on the wire."""
    numbers = array("Q", b"".join(ids))
    numbers.byteswap()
    return numbers


def _kinds(told: Mapping[str, Sequence[Any]], count: int) -> Sequence[Kind]:
    if "kind" in told:
        return told["kind"]
    names_model = "request_model" in told or "response_model" in told
    return [Kind.LLM if names_model and "input_tokens" in told else Kind.SPAN] * count


def _maps(columns: Mapping[str, Sequence[Any]]) -> Sequence[Mapping[str, str]]:
    texts = [[value if type(value) is str else as_text(value) for value in column] for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*texts, strict=True)]


def _add_status(columns: Columns, alike: Alike, told: Mapping[str, Sequence[Any]]) -> None:
    if alike.statuses.count(alike.statuses[0]) == len(alike.statuses) and alike.statuses[0][0] != _ERROR:
        if status := STATUS.get(alike.statuses[0][0]):
            columns["status"] = [status] * len(alike.statuses)
        return
    columns["status"] = [STATUS.get(code, "unset") for code, _ in alike.statuses]
    columns["error_message"] = [message if code == _ERROR else "" for code, message in alike.statuses]
    if types := told.get("error_type"):
        pairs = zip(alike.statuses, types, strict=True)
        columns["error_type"] = [type_ if status[0] == _ERROR else "" for status, type_ in pairs]


def _add_content(columns: Columns, told: Mapping[str, Sequence[Any]], parents: Sequence[bytes]) -> None:
    inputs, outputs = told.get("input_messages"), told.get("output_messages")
    if system := told.get("system_parts"):
        inputs = [*map(with_system, system, inputs or [()] * len(system))]
    _add_read_off(columns, told, outputs)
    for side, role, messages in (("input", "user", inputs), ("output", "assistant", outputs)):
        texts = told.get(f"{side}_text")
        if messages:
            columns[side] = [*map(to_json, messages)]
        elif texts:
            columns[side] = texts
        if (messages or texts) and not all(parents):
            columns[f"{side}_preview"] = _previews(messages, role, texts, parents)


def _add_read_off(columns: Columns, told: Mapping[str, Sequence[Any]], outputs: Sequence[Any] | None) -> None:
    """Tools and finish reasons, which the messages tell where nothing else does."""
    tools = [*map(tools_called, outputs)] if outputs else None
    if named := told.get("tool_name"):
        tools = [called or (name,) for called, name in zip(tools or [()] * len(named), named, strict=True)]
    if tools and any(tools):
        columns["tool_names"] = tools
    if outputs and "finish_reasons" not in told and any(reasons := [*map(finish_reasons_in, outputs)]):
        columns["finish_reasons"] = reasons


def _previews(
    messages: Sequence[Any] | None, role: str, texts: Sequence[str] | None, parents: Sequence[bytes]
) -> Sequence[str]:
    read: Callable[[int], str] = (
        (lambda at: preview(messages[at], role, "")) if messages else (lambda at: preview((), role, (texts or ())[at]))
    )
    return ["" if parent else read(at) for at, parent in enumerate(parents)]


def _all_count(kinds: Sequence[Kind], told: Mapping[str, Sequence[Any]]) -> bool:
    """Whether usage and cost of all of them surely belong in sums (``normalise._is_counted``)."""
    tells_total = "cost_usd" in told or any(name in told for name in TOKENS)
    return not tells_total or MODEL_KINDS.issuperset(kinds)
