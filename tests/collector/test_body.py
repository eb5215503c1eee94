from __future__ import annotations

import asyncio
import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.errors import Busy, Rejected, TooLarge, Unsupported
from spanglass_collector.receive.body import decompressed, read_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024


@given(st.binary(max_size=5000), st.sampled_from(["gzip", "GZIP ", "x-gzip", "deflate", "zstd", "", "identity"]))
def test_what_was_compressed_comes_back(body: bytes, encoding: str) -> None:
    name = encoding.strip().lower()
    compress = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}
    sent = compress[name](body) if name in compress else body
    assert decompressed(sent, encoding, max_bytes=5000) == body


def test_several_members_are_one_body() -> None:
    for name, compress in (("gzip", gzip.compress), ("zstd", zstd.compress)):
        assert decompressed(compress(b"a") + compress(b"b"), name, max_bytes=2) == b"ab"


@pytest.mark.parametrize(
    ("body", "encoding", "error", "sentence"),
    [
        (gzip.compress(b"x" * 11), "gzip", TooLarge, "larger than 10 bytes after decompression"),
        (gzip.compress(b"xxxxxx") * 2, "gzip", TooLarge, "after decompression"),
        (gzip.compress(b"hello")[:-1], "gzip", Rejected, "ends in the middle"),
        (gzip.compress(b"hello") + b"junk", "gzip", Rejected, "cannot be decompressed"),
        (b"hello", "gzip", Rejected, "cannot be decompressed as gzip"),
        (zstd.compress(b"x" * 11), "zstd", TooLarge, "larger than 10 bytes after decompression"),
        (zstd.compress(b"hello")[:-1], "zstd", Rejected, "ends in the middle"),
        (b"hello", "zstd", Rejected, "cannot be decompressed as zstd"),
        (b"hello", "br", Unsupported, "'br' is not supported"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, encoding: str, error: type[Rejected], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        decompressed(body, encoding, max_bytes=10)


def test_a_bomb_is_refused_within_bounded_memory() -> None:
    bomb = gzip.compress(bytes(256 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decompressed(bomb, "gzip", max_bytes=4 * MIB)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()


def sending(*messages: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return receive


def chunk(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_pieces_is_read_whole() -> None:
    receive = sending(chunk(b"a"), chunk(b"b"), chunk(b"c", more=False))
    assert asyncio.run(read_body(receive, "", max_bytes=3)) == b"abc"


def test_a_body_too_large_is_read_to_its_end_and_refused() -> None:
    with pytest.raises(TooLarge, match="larger than 3 bytes"):
        asyncio.run(read_body(sending(chunk(b"ab"), chunk(b"cd"), chunk(b"e", more=False)), "", max_bytes=3))
    with pytest.raises(TooLarge):
        asyncio.run(read_body(sending(chunk(b"a", more=False)), "4", max_bytes=3))


def test_a_body_without_end_is_cut_off() -> None:
    async def endless() -> dict[str, Any]:
        return chunk(b"x")

    with pytest.raises(TooLarge):
        asyncio.run(read_body(endless, "", max_bytes=3))


def test_a_client_that_leaves_is_no_request() -> None:
    with pytest.raises(Busy, match="went away"):
        asyncio.run(read_body(sending(chunk(b"a"), {"type": "http.disconnect"}), "", max_bytes=3))
