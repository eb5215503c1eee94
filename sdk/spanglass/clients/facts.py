"""What every provider tells of a model call, under whatever names -> the attributes of a span. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from spanglass import semconv
from spanglass.capture import Snapshot, wire_value
from spanglass.content import Reader, plain_input, plain_output

Json = dict[str, Any]

_MAX_PARAMETER_BYTES: Final = 16_384


def request_reader(read: Callable[[Json], Json]) -> Reader:
    """``read`` over the arguments of a call; they are plain input when they were too long to keep their shape."""

    def reader(taken: Snapshot) -> Mapping[str, Any]:
        value = value_of(taken)
        return read(value) if isinstance(value, dict) else plain_input(taken)

    return reader


def response_reader(read: Callable[[Json], Json]) -> Reader:
    """``read`` over the fields of an answer; they are plain output when they were too long to keep their shape."""

    def reader(taken: Snapshot) -> Mapping[str, Any]:
        value = value_of(taken)
        return read(value) if isinstance(value, dict) else plain_output(taken)

    return reader


def value_of(taken: Snapshot) -> Any:
    """The value a snapshot was taken of, as JSON values."""
    return orjson.loads(taken) if isinstance(taken, bytes) else taken


def request(
    *,
    model: object,
    parameters: Mapping[str, Any],
    stream: object = False,
    system: Iterable[Json] = (),
    messages: Iterable[Json] = (),
    tools: object = None,
) -> Json:
    """Attributes of what was asked; ``system``, ``messages`` and ``tools`` already in OpenTelemetry's words."""
    found: Json = {
        semconv.REQUEST_PREFIX + name: wire_value(value, _MAX_PARAMETER_BYTES)
        for name, value in parameters.items()
        if value is not None
    }
    if isinstance(model, str):
        found[semconv.REQUEST_MODEL] = model
    if stream:
        found[semconv.REQUEST_STREAM] = True
    contents = {semconv.SYSTEM_INSTRUCTIONS: list(system), semconv.INPUT_MESSAGES: list(messages)}
    return found | {name: dumped(content) for name, content in contents.items() if content} | _tools(tools)


def response(
    told: Mapping[str, object],
    *,
    usage: Mapping[str, object],
    finish_reason: object = None,
    parts: Iterable[Json] | None = None,
) -> Json:
    """Attributes of what was answered.

    ``told`` and ``usage`` are attributes already, and what is unknown in them (None) is left out; ``parts`` is what
    the assistant said, None when that is not recorded.
    """
    found: Json = {name: value for name, value in told.items() if value is not None}
    found |= {name: number for name, value in usage.items() if (number := whole(value)) is not None}
    reason = {"finish_reason": finish_reason} if isinstance(finish_reason, str) else {}
    if reason:
        found[semconv.FINISH_REASONS] = [finish_reason]
    if parts is not None:
        found[semconv.OUTPUT_MESSAGES] = dumped([{"role": "assistant", "parts": list(parts), **reason}])
    return found


def whole(count: object) -> int | None:
    """A count as an integer, however it is written; None when it is none."""
    if isinstance(count, bool) or not isinstance(count, int | float) or count < 0 or count != int(count):
        return None
    return int(count)


def total(*counts: object) -> int | None:
    """The sum of the counts that are told; None unless the first one is, without which the others are no total."""
    known = [whole(count) for count in counts]
    return None if known[0] is None else sum(count or 0 for count in known)


def dicts(value: object) -> list[Json]:
    """The objects of a list; none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def nested(value: object) -> Json:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def _tools(tools: object) -> Json:
    return {semconv.TOOL_DEFINITIONS: dumped(tools)} if isinstance(tools, list) and tools else {}


def dumped(value: object) -> bytes:
    """JSON text of JSON values, in UTF-8."""
    return orjson.dumps(value)
