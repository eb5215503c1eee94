"""Any value -> a bounded snapshot of it, as text. Pure.

A snapshot is taken on the caller's thread and must not change afterwards, whatever the caller does to the value. For
a ``str``, which cannot change, the snapshot is the string itself; for everything else it is one fast dump to JSON
bytes. Values that JSON has no word for are told by a short description, never by walking through foreign objects.

Nothing here raises, and no snapshot is longer than asked (``str``: characters; ``bytes``: bytes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from os import PathLike
from typing import Any, Final

import orjson

MIN_BYTES: Final = 64
"""The least bound: room for a mark that something was left out."""

_dumps: Final = orjson.dumps
_MAX_REPR: Final = 2_000  # characters
_MAX_DEPTH: Final = 32
_MAX_ITEMS: Final = 10_000
_MAX_INT_BITS: Final = 256
_MARK_CHARACTERS: Final = 40  # room for the mark that _cut leaves
_INT64: Final = range(-(2**63), 2**64)

Snapshot = str | bytes | dict[str, Any]
"""Plain text as ``str``, JSON as ``bytes``; a mapping that needed no dump as a copy of it (``flat_copy``)."""

_ATOMS: Final = frozenset({int, float, bool, type(None)})
_ENTRY_BYTES: Final = 100  # memory of an entry or a row without its texts, about
GROWTH: Final = 6
"""Bytes of JSON that one character can become, as U+0000 does: what is not measured must be this far from the limit."""


def flat_copy(value: dict[str, Any], max_bytes: int) -> tuple[dict[str, Any], int] | None:
    """A copy that later changes cannot reach, and about how much memory it takes; None when there is more to it.

    It is for what most calls are given, numbers, texts, and messages that are texts: a third of the time of a dump,
    and nothing to parse afterwards.
    """
    copied = value.copy()
    size = len(copied) * _ENTRY_BYTES
    for name, item in value.items():
        kind = type(item)
        if kind is list:
            copied[name] = rows = []
            size += len(item) * _ENTRY_BYTES
            for row in item:
                if type(row) is not dict:
                    return None
                for said in row.values():  # loops that are written out: here they are twice as fast as map and sum
                    if type(said) is not str:
                        return None
                    size += len(said)
                rows.append(row.copy())
        elif kind is str:
            size += len(item)
        elif kind not in _ATOMS:
            return None
    return (copied, size) if size * GROWTH <= max_bytes else None


def snapshot(value: object, max_bytes: int) -> str | bytes:
    """A copy of ``value`` that later changes to it cannot reach, at most ``max(max_bytes, MIN_BYTES)`` long."""
    if type(value) is str:
        return value if len(value) <= max_bytes or len(value) <= MIN_BYTES else _cut(value, max(max_bytes, MIN_BYTES))
    try:
        # The buffer behind a result is over-allocated; copied, a queue of snapshots holds only what it needs.
        raw = bytes(memoryview(_dumps(value, _describe)))
    except Exception:  # noqa: BLE001  keys that are no text, and everything below
        raw = _dump_anything(value)
    return raw if len(raw) <= max_bytes or len(raw) <= MIN_BYTES else _shorten(raw, max(max_bytes, MIN_BYTES))


def _dump_anything(value: object) -> bytes:
    try:
        return _dumps(value, _describe, orjson.OPT_NON_STR_KEYS)  # as a rule this would cost a tenth more
    except Exception:  # noqa: BLE001  circular, too deep, wide integers, broken surrogates, hostile objects: walk it
        return _dumps(_tame(value, _MAX_DEPTH, frozenset()))


def text(taken: Snapshot) -> str:
    """What goes on the wire: always encodable as UTF-8."""
    if isinstance(taken, dict):
        taken = orjson.dumps(taken)
    if isinstance(taken, bytes):
        return taken.decode()
    try:
        taken.encode()
    except UnicodeEncodeError:
        return _encodable(taken)
    return taken


def wire_value(value: object, max_bytes: int) -> str | bool | int | float | list[str]:
    """``value`` as an attribute may hold it: scalars and lists of text as they are, anything else as JSON text."""
    match value:
        case bool() | float():
            return value
        case int() if value in range(-(2**63), 2**63):
            return int(value)
        case str():
            return text(snapshot(str(value), max_bytes))
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return [text(snapshot(str(item), max_bytes)) for item in value]
        case _:
            return text(snapshot(value, max_bytes))


def _describe(value: object) -> object:
    """Called by orjson for what it does not know: something it knows, or a description."""
    kind = type(value)
    if issubclass(kind, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"  # type: ignore[arg-type]
    if hasattr(kind, "shape") and hasattr(kind, "dtype"):  # arrays and tensors: printing one may copy it from a GPU
        shape = tuple(value.shape)  # type: ignore[attr-defined]
        return f"<{kind.__name__} {value.dtype} {shape}>" if shape else value.item()  # type: ignore[attr-defined]
    if hasattr(kind, "model_dump"):  # pydantic: honours excluded and secret fields
        return value.model_dump(mode="python", warnings=False)  # type: ignore[attr-defined]
    if issubclass(kind, Mapping):
        return dict(islice(value.items(), _MAX_ITEMS))  # type: ignore[attr-defined]
    if issubclass(kind, AbstractSet | Sequence):
        return list(islice(value, _MAX_ITEMS))  # type: ignore[call-overload]
    if issubclass(kind, float):
        return float(value)  # type: ignore[arg-type]
    if issubclass(kind, PathLike) or _is_number(kind):
        return str(value)
    if isinstance(value, type):
        return f"<class {value.__module__}.{value.__qualname__}>"
    return repr(value)[:_MAX_REPR]


def _is_number(kind: type) -> bool:
    from numbers import Number  # noqa: PLC0415  few values need it

    return issubclass(kind, Number)


def _tame(value: Any, depth: int, above: frozenset[int]) -> object:
    """``value`` rebuilt of what orjson surely accepts. Circles and what lies too deep end in a description."""
    try:
        match value:
            case None | bool() | float():
                return value
            case int():
                return int(value) if value in _INT64 else _wide(value)
            case str():
                return _encodable(value)
        if depth == 0 or id(value) in above:
            return f"<{type(value).__name__}: nested too deep>"
        above |= {id(value)}
        match value:
            case dict():
                pairs = list(value.items())[:_MAX_ITEMS]
                return {_encodable(str(key)): _tame(item, depth - 1, above) for key, item in pairs}
            case list() | tuple():
                return [_tame(item, depth - 1, above) for item in value[:_MAX_ITEMS]]
        return _tame(_describe(value), depth - 1, above)
    except Exception:  # noqa: BLE001  a property or a repr of the application's object raised
        return f"<{type(value).__name__}: unreadable>"


def _wide(value: int) -> str:
    """An integer beyond 64 bits; Python itself refuses to print very long ones."""
    return str(value) if value.bit_length() <= _MAX_INT_BITS else f"<int of {value.bit_length()} bits>"


def _encodable(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def _cut(value: str, limit: int) -> str:
    kept = max(limit - _MARK_CHARACTERS, 0)
    return f"{value[:kept]}…[{len(value) - kept} more characters]"


def shortened_json(raw: bytes, max_bytes: int) -> bytes | None:
    """JSON text within ``max_bytes``, by what is too long in it; None for what is no list or object of JSON."""
    if raw[:1] not in {b"[", b"{"} or max_bytes < MIN_BYTES:
        return None
    try:
        return _shorten(raw, max_bytes)
    except orjson.JSONDecodeError:
        return None


def _shorten(raw: bytes, max_bytes: int) -> bytes:
    """JSON of the same shape within ``max_bytes``: long texts and long lists inside are cut, more and more, until it fits.

    So a list of messages stays a list of messages, and only what is too long in it is lost.
    """
    whole = orjson.loads(raw)
    limit = max_bytes // 2
    while limit >= 16:
        shortened = orjson.dumps(_clip(whole, limit))
        if len(shortened) <= max_bytes:
            return shortened
        limit //= 4
    return orjson.dumps(f"<{len(raw)} bytes of JSON>")


def _clip(value: object, limit: int) -> object:
    most = max(limit // 8, 4)  # items: each takes a few bytes at least
    match value:
        case str() if len(value) > limit:
            return _cut(value, limit)
        case list():
            kept = [_clip(item, limit) for item in value[:most]]
            return kept if len(value) <= most else [*kept, f"…[{len(value) - most} more items]"]
        case dict():
            kept_pairs = {_clip(key, limit): _clip(item, limit) for key, item in list(value.items())[:most]}
            return kept_pairs if len(value) <= most else {**kept_pairs, "…": f"{len(value) - most} more keys"}
        case _:
            return value
