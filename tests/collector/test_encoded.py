from __future__ import annotations

from collections.abc import Sequence

import pytest
from collector.strategies import values
from collector.wire import pairs
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.attributes import Value, parsed
from spanglass_collector.encoded import Encoded, NotAlike, name_of
from spanglass_collector.errors import Rejected
from spanglass_collector.remembered import Memory
from spanglass_collector.values import as_text
from spanglass_store.packed import packed

NAME = "gen_ai.response.id"
BEGINS = b"\x0a" + bytes([len(NAME)]) + NAME.encode() + b"\x12"
SIZES = [1, 61, 62, 123, 124, 125, 126, 127, 128, 129, 16_378, 16_379, 16_380, 16_383, 16_384, 16_385, 70_000]
"""Lengths around those at which protobuf needs one more byte for a length."""


def encoded(told: Sequence[Value]) -> Encoded:
    return Encoded([pair.SerializeToString() for value in told for pair in pairs({NAME: value})], BEGINS)


@given(st.lists(values.filter(lambda value: value is not None), min_size=1, max_size=4))
def test_values_are_what_was_sent(told: list[Value]) -> None:
    column = encoded(told)
    assert repr(column.values()) == repr([parsed(each)[1] for each in column.column])
    assert list(column.as_texts()) == [as_text(value) for value in column.values()]


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=5))
def test_texts_stay_as_they_are(told: list[str]) -> None:
    texts = encoded(told).new_texts()
    assert texts is not None
    assert list(texts) == told
    assert list(texts.packed) == [*map(packed, told)]


@pytest.mark.parametrize("size", SIZES)
def test_texts_of_any_length(size: int) -> None:
    column = encoded(["x" * size, "y"])
    texts = column.new_texts()
    assert texts is not None
    assert [len(text) for text in texts] == [size, 1]
    assert column.sent_texts() == ([packed("x" * size), packed("y")], [b"x" * size, b"y"])


@pytest.mark.parametrize("told", [["a", ""], ["a", 1], [True], [["a"]], [{"a": "b"}], [b"a"], [1.5]])
def test_what_is_no_text_or_empty_is_read_otherwise(told: list[Value]) -> None:
    assert encoded(told).new_texts() is None


@pytest.mark.parametrize(
    "value",
    [
        b"\x03\x0a\x09x",  # the text claims to be longer than what is there
        b"\x04\x0a\x01xy",  # or shorter
        b"\x09\x0a\x01x",  # the value does
        b"\x03\x0a\x81\x00",  # a length in more bytes than it needs
        b"\x05\x0a\x01x\x18\x01",  # a text and a number
        b"\x03\x0a\x01x\x1a\x00",  # and something behind the value
        b"",
    ],
)
def test_lengths_that_lie_never_reach_the_database(value: bytes) -> None:
    """ClickHouse would take the rest of the block for something else."""
    column = Encoded([BEGINS + value], BEGINS)
    assert column.new_texts() is None
    assert column.sent_texts() is None
    try:
        texts = column.as_texts()
    except Rejected:
        return
    assert list(texts.packed) == [*map(packed, texts)]


def test_text_that_is_no_utf8_is_read_otherwise() -> None:
    column = Encoded([BEGINS + b"\x03\x0a\x01\xff"], BEGINS)
    assert column.new_texts() is None
    assert column.values() == ["\N{REPLACEMENT CHARACTER}"]
    assert list(column.as_texts()) == ["\N{REPLACEMENT CHARACTER}"]


def test_a_name_is_known_by_what_an_attribute_begins_with() -> None:
    assert name_of(BEGINS) == NAME
    for odd in (b"", b"\x0a", BEGINS[:-1], BEGINS[:-1] + b"\x1a", b"\x12" + BEGINS[1:], b"\x0a\x00\x12"):
        assert name_of(odd) is None


def test_what_could_be_changed_is_not_remembered() -> None:
    calls: list[bytes] = []

    def make(encoded: bytes) -> object:
        calls.append(encoded)
        return encoded if encoded.endswith(b"a") else [encoded]

    once, other = BEGINS + b"a", BEGINS + b"b"
    assert Encoded([once, other, once, other], BEGINS).made(make) == [once, [other], once, [other]]
    assert calls == [once, other, other]


def test_an_attribute_of_another_name_is_seen_however_it_is_read() -> None:
    short, long = "x", "x" * 500
    for text in (short, long):
        (other,) = pairs({"gen_ai.response.idx": text})
        column = Encoded([*encoded([text]).column, other.SerializeToString()], BEGINS)
        assert column.sent_texts() is None
        for read in (column.values, column.as_texts, column.said):
            with pytest.raises(NotAlike):
                read()


def test_all_that_is_remembered_together_has_a_limit() -> None:
    memory = Memory(5)
    one, other = (memory.of(what, str) for what in ("one", "other"))
    assert [*map(one.__getitem__, range(3))] == ["0", "1", "2"]
    assert set(one) == {0, 1, 2}
    assert other[7] == "7"
    assert not one
    assert memory.of("one", str) is not one
