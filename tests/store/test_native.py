from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.native import block_from_columns, varint, wire_type


@given(st.integers(0, 2**64 - 1))
def test_varint_is_little_endian_base_128(number: int) -> None:
    data = varint(number)
    assert sum((byte & 127) << (7 * i) for i, byte in enumerate(data)) == number
    assert all(byte & 128 for byte in data[:-1])
    assert not data[-1] & 128


def test_a_block_is_columns_then_rows_then_each_column() -> None:
    block = block_from_columns("t", [("a", "UInt8", [1, 2]), ("s", "LowCardinality(String)", ["x", "yz"])])
    assert block.body == b"\x02\x02" + b"\x01a\x05UInt8\x01\x02" + b"\x01s\x06String\x01x\x02yz"


def test_nullable_array_and_map_follow_the_format() -> None:
    nullable = block_from_columns("t", [("n", "Nullable(UInt8)", [7, None])])
    assert nullable.body.endswith(b"\x00\x01\x07\x00")
    array = block_from_columns("t", [("l", "Array(UInt8)", [[1, 2], [], [3]])])
    offsets = b"".join(n.to_bytes(8, "little") for n in (2, 2, 3))
    assert array.body.endswith(offsets + b"\x01\x02\x03")
    mapping = block_from_columns("t", [("m", "Map(String, UInt8)", [{"k": 1}])])
    assert mapping.body.endswith((1).to_bytes(8, "little") + b"\x01k" + b"\x01")


def test_low_cardinality_is_not_sent() -> None:
    assert wire_type("Map(LowCardinality(String), String)") == "Map(String, String)"


def test_a_type_the_house_does_not_use_is_refused() -> None:
    with pytest.raises(ValueError, match="no Native encoding"):
        block_from_columns("t", [("x", "IPv6", [1])])
