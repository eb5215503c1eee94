"""What ``normalise`` makes of one span, made of many spans that are alike, column by column. Pure.

The rows are the same (a test holds it to that); the time a span is a third. Whatever is out of the ordinary is left to
``normalise``: ``sheet_from_alike`` then gives None.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from operator import le, sub
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS, Kind
from spanglass_collector.alike import Alike
from spanglass_collector.attributes import MAX_REMEMBERED
from spanglass_collector.conversations import Conversations
from spanglass_collector.dialects.plan import Together
from spanglass_collector.messages import messages_text, tools_called
from spanglass_collector.normalise import (
    COPIED,
    EARLIEST_NS,
    LATEST_AHEAD_NS,
    PREVIEW_CHARACTERS,
    STATUS,
    TOKENS,
    finish_reasons_in,
    origin_row,
    preview,
    reported_cost,
    with_system,
)
from spanglass_store.packed import Maps, Same, Texts, packed
from spanglass_store.sheet import Sheet


class _Names(dict[bytes, str]):
    """Names of spans, which come again and again; bounded, because clients choose them."""

    def __missing__(self, encoded: bytes) -> str:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        name = self[encoded] = encoded.decode("utf-8", "replace")
        return name


_NAMES: Final = _Names()
_NO_ID: Final = bytes(8)
_ERROR: Final = 2
_ONE_BY_ONE: Final = frozenset({"status", "usage_counted", "error_message", "http_status", "duration_ns"})
"""Told fields that are too rare to be read column by column."""

Columns = dict[str, Sequence[Any]]


def sheet_from_alike(alike: Alike, together: Together, *, project: str, received_ns: int) -> Sheet | None:
    """The rows of spans that are alike; None where one of them is out of the ordinary.

    ``received_ns`` as in ``normalise.row_from_wire``.
    """
    told, count = together.told, len(alike)
    trace_ids, span_ids, parents, names, starts_ns, ends_ns, statuses, _ = alike.rows
    usual_times = (
        min(starts_ns) >= EARLIEST_NS
        and max(ends_ns) <= received_ns + LATEST_AHEAD_NS
        and all(map(le, starts_ns, ends_ns))
    )
    if not usual_times or not _ONE_BY_ONE.isdisjoint(told):
        return None
    columns: Columns = {name: Same(value, count) for name, value in origin_row(alike, project).items()}
    columns |= {
        "trace_id": trace_ids,
        "span_id": _numbers(span_ids),
        "name": [*map(_NAMES.__getitem__, names)],
        "kind": _kinds(told, count),
        "start_time": starts_ns,
        "duration_ns": [*map(sub, ends_ns, starts_ns)],
    }
    columns |= {name: column for name, column in told.items() if name in COPIED}
    if any(parents):
        columns["parent_span_id"] = _numbers([parent or _NO_ID for parent in parents])
    if together.left:
        columns["attributes"] = Maps(together.left)
    _add_status(columns, statuses, told)
    _add_content(columns, told, parents)
    if "cost_usd" in told:
        columns["cost_usd"] = [*map(reported_cost, told["cost_usd"])]
        columns["cost_source"] = Same("reported", count)
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
    return Same(Kind.LLM if names_model and "input_tokens" in told else Kind.SPAN, count)


def _add_status(columns: Columns, statuses: Sequence[tuple[int, str]], told: Mapping[str, Sequence[Any]]) -> None:
    first = statuses[0]
    if first[0] != _ERROR and statuses.count(first) == len(statuses):
        if status := STATUS.get(first[0]):
            columns["status"] = Same(status, len(statuses))
        return
    columns["status"] = [STATUS.get(code, "unset") for code, _ in statuses]
    columns["error_message"] = [message if code == _ERROR else "" for code, message in statuses]
    if types := told.get("error_type"):
        columns["error_type"] = [
            type_ if code == _ERROR else "" for (code, _), type_ in zip(statuses, types, strict=True)
        ]


def _add_content(columns: Columns, told: Mapping[str, Sequence[Any]], parents: Sequence[bytes]) -> None:
    inputs, outputs = told.get("input_messages"), told.get("output_messages")
    if system := told.get("system_parts"):
        inputs = [*map(with_system, system, inputs or [()] * len(system))]
    _add_read_off(columns, told, outputs)
    for side, role, messages in (("input", "user", inputs), ("output", "assistant", outputs)):
        texts = told.get(f"{side}_text")
        if messages:
            columns[side] = messages.texts if isinstance(messages, Conversations) else [*map(messages_text, messages)]
        elif texts:
            columns[side] = texts
        if (messages or texts) and not all(parents):
            columns[f"{side}_preview"] = _previews(messages, role, texts, parents)


def _add_read_off(columns: Columns, told: Mapping[str, Sequence[Any]], outputs: Sequence[Any] | None) -> None:
    """Tools and finish reasons, which the messages tell where nothing else does."""
    are_plain = isinstance(outputs, Conversations) and outputs.are_plain
    tools = [*map(tools_called, outputs)] if outputs and not are_plain else None
    if named := told.get("tool_name"):
        tools = [called or (name,) for called, name in zip(tools or [()] * len(named), named, strict=True)]
    if tools and any(tools):
        columns["tool_names"] = tools
    if outputs and "finish_reasons" not in told and any(reasons := [*map(finish_reasons_in, outputs)]):
        columns["finish_reasons"] = reasons


def _previews(
    messages: Sequence[Any] | None, role: str, texts: Sequence[str] | None, parents: Sequence[bytes]
) -> Texts:
    def read(at: int) -> bytes:
        if messages:
            return packed(preview(messages[at], role, ""))
        if isinstance(texts, Texts):
            return texts.beginning(at, PREVIEW_CHARACTERS)
        return packed(preview((), role, (texts or ())[at]))

    return Texts([b"\0" if parent else read(at) for at, parent in enumerate(parents)])


def _all_count(kinds: Sequence[Kind], told: Mapping[str, Sequence[Any]]) -> bool:
    """Whether usage and cost of all of them surely belong in sums (``normalise._is_counted``)."""
    tells_total = "cost_usd" in told or any(name in told for name in TOKENS)
    return not tells_total or MODEL_KINDS.issuperset(kinds)
