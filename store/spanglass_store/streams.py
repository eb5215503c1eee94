"""What a column's values are made of in ClickHouse's Native format: streams, one behind the other. Pure.

A Nullable is a stream of flags and then its values; an Array is a stream that says where each row's entries end and then
the entries; a Map is an Array of its keys, and its values behind them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

_WIDTHS: Final = {"UInt8": 1, "Bool": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "Int64": 8, "Float64": 8}
_WIDTHS_BY_NAME: Final = {"DateTime64": 8, "Decimal": 8}


class Stream(NamedTuple):
    """``width``: bytes that a row takes; 0: rows differ. ``blank``: the bytes of a row that says nothing, as ClickHouse fills
    it in. ``is_ends``: for each row where its entries end, counted from the first row's first entry (8 bytes).
    """

    width: int
    blank: bytes = b""
    is_ends: bool = False


ENDS: Final = Stream(8, is_ends=True)
ENTRIES: Final = Stream(0)
TEXTS: Final = Stream(0, b"\0")


@cache
def streams_of(type_: str) -> tuple[Stream, ...]:
    """The streams of a column of this type. Raises ValueError for a type the house does not use."""
    if type_ in {"String", "LowCardinality(String)"}:
        return (TEXTS,)
    name, _, rest = type_.partition("(")
    inner = rest[:-1]
    match name:
        case "Nullable":
            return Stream(1, b"\1"), *streams_of(inner)
        case "Array" if "Array" not in inner and "Map" not in inner:
            return ENDS, ENTRIES
        case "Map" if "Array" not in inner and "Map" not in inner:
            return ENDS, ENTRIES, ENTRIES
        case "FixedString":
            width = int(re.sub(r"\D", "", inner))
        case _:
            width = _WIDTHS.get(type_) or _WIDTHS_BY_NAME.get(name) or 0
    if not width:
        msg = f"no Native encoding for {type_}"
        raise ValueError(msg)
    return (Stream(width, bytes(width)),)
