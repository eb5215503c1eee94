"""Blocks joined column by column hold what they held one after another."""

from __future__ import annotations

from itertools import chain
from time import time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.columns import COLUMNS
from spanglass_store.connection import Store
from spanglass_store.joined import LARGE_BYTES, joined
from spanglass_store.native import Block, block_from_columns
from spanglass_store.packed import numbers, varint
from spanglass_store.pieces import CHUNK_BYTES, Pieces
from spanglass_store.query import Query
from spanglass_store.retention import kept_for
from spanglass_store.rows import DEFAULTS, block_from_rows, block_from_sheet
from spanglass_store.sheet import sheets_from_rows
from spanglass_store.streams import streams_of

TEXTS = st.text(max_size=200)
ROWS = st.fixed_dictionaries(
    {"project": st.just("p"), "trace_id": st.binary(min_size=16, max_size=16), "span_id": st.integers(0, 2**64 - 1)},
    optional={
        "input": TEXTS,
        "tags": st.lists(TEXTS, max_size=3).map(tuple),
        "attributes": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "input_tokens": st.none() | st.integers(0, 2**32 - 1),
        "cost_usd": st.none() | st.integers(0, 10**12),
        "usage_counted": st.booleans(),
    },
)
BLOCKS = st.lists(st.lists(ROWS, min_size=1, max_size=5), min_size=2, max_size=6)


@given(BLOCKS)
def test_what_is_joined_is_what_is_written_together(requests: list[list[dict[str, object]]]) -> None:
    """Byte for byte but for the order of columns: the block of all rows, made at once."""
    sheets = [sheets_from_rows(rows) for rows in requests]
    found = joined([block_from_sheet(*each) for each in sheets])
    wanted = block_from_sheet(*chain.from_iterable(sheets))
    assert (found.table, found.rows) == (wanted.table, wanted.rows)
    assert _columns(bytes(found.body)) == _columns(bytes(wanted.body))


@given(BLOCKS)
def test_the_same_blocks_make_the_same_bytes(requests: list[list[dict[str, object]]]) -> None:
    once, again = (bytes(joined([block_from_rows(rows) for rows in requests]).body) for _ in range(2))
    assert once == again


@pytest.mark.clickhouse
def test_the_database_reads_joined_blocks(store: Store) -> None:
    """Blocks with columns of their own, one with days that its rows stay, in pieces and whole."""
    long = "long " * 1000
    now = {"project": "joined", "start_time": time_ns()}  # what was too old to keep would be gone with the next merge
    blocks = [
        block_from_rows([{**now, "span_id": n, "tags": ("a", str(n)), "attributes": {"n": str(n)}}])
        for n in range(1, 4)
    ]
    blocks += [kept_for(block_from_rows([{**now, "span_id": 4, "input": long, "input_tokens": 7}]), 9999)]
    many = [*blocks, *([block_from_rows([{"project": "other", "input": long}] * 100)] * (LARGE_BYTES // 500_000 + 1))]
    for number, each in enumerate((blocks, many)):
        store.insert(joined(each), token=f"joined {number}")
    found = store.fetch_rows(
        Query(
            "joined",
            "SELECT span_id, tags, attributes, input = repeat('long ', 1000) AS is_long, input_tokens, retention_days,"
            " usage_counted, sampling_weight, count() AS rows FROM spans WHERE project = 'joined'"
            " GROUP BY ALL ORDER BY span_id",
        )
    )
    assert [(row["span_id"], row["tags"], row["attributes"], row["rows"]) for row in found] == [
        *((n, ["a", str(n)], {"n": str(n)}, 2) for n in range(1, 4)),
        (4, [], {}, 2),
    ]
    assert [(row["is_long"], row["input_tokens"], row["retention_days"]) for row in found] == [
        *([(False, None, 0)] * 3),
        (True, 7, 9999),
    ]
    assert {(row["usage_counted"], row["sampling_weight"]) for row in found} == {(True, 1.0)}
    assert len(joined(many).body) >= LARGE_BYTES


@pytest.mark.clickhouse
def test_a_column_that_is_left_out_says_nothing_in_the_database_too(store: Store) -> None:
    """What fills the rows of a block that lacks a column is what ClickHouse would fill in."""
    told = store.fetch_rows(
        Query(
            "defaults",
            "SELECT name, default_kind, default_expression FROM system.columns"
            " WHERE database = currentDatabase() AND table IN ('spans', 'span_details') AND default_kind != ''",
        )
    )
    assert {(row["name"], row["default_expression"]) for row in told} == {("retention_days", "0")}


def test_blocks_that_do_not_tell_their_cuts_follow_one_another() -> None:
    cut = block_from_rows([{"project": "p"}])
    plain = Block("spans", b"rows", 2)
    assert joined([plain, cut]) == Block("spans", b"rows" + bytes(cut.body), 3)
    assert joined([plain]) is plain
    assert not block_from_columns("spans", [("n", "UInt8", [1])]).cuts


@pytest.mark.parametrize("blocks", [[], [Block("a", b"", 1), Block("b", b"", 1)]])
def test_blocks_of_several_tables_are_refused(blocks: list[Block]) -> None:
    with pytest.raises(ValueError, match="exactly one table"):
        joined(blocks)


@pytest.mark.parametrize("type_", ["Array(Array(String))", "Map(String, Array(String))", "Date"])
def test_types_that_nobody_uses_are_refused(type_: str) -> None:
    with pytest.raises(ValueError, match="no Native encoding"):
        streams_of(type_)


def test_every_column_has_streams() -> None:
    assert all(streams_of(column.type) for column in COLUMNS)
    assert set(DEFAULTS) == {column.name for column in COLUMNS}


@given(st.lists(st.binary(max_size=CHUNK_BYTES // 3), max_size=9))
def test_pieces_are_their_bytes(parts: list[bytes]) -> None:
    pieces = Pieces(parts)
    assert bytes(pieces) == b"".join(pieces) == b"".join(parts)
    assert len(pieces) == len(bytes(pieces))
    assert [*pieces] == [*pieces]


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_numbers_are_read_as_they_were_written(wanted: list[int]) -> None:
    assert numbers(b"".join(map(varint, wanted))) == wanted


def _columns(body: bytes) -> list[bytes]:
    """The columns of a block, each from its name on, in alphabetical order; first how many there are."""
    names = sorted(body.find(bytes((len(each.name),)) + each.name.encode() + _type_of(each.type)) for each in COLUMNS)
    starts = [at for at in names if at >= 0]
    return [body[: starts[0]], *sorted(body[a:b] for a, b in zip(starts, [*starts[1:], len(body)], strict=True))]


def _type_of(type_: str) -> bytes:
    sent = type_.replace("LowCardinality(String)", "String").encode()
    return bytes((len(sent),)) + sent
