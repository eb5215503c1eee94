"""The body of a request, never larger in memory than allowed: read, then decompressed."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from starlette.types import Receive

from spanglass_collector.errors import Busy, CollectorError, Rejected, TooLarge, Unsupported

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS: Final[Mapping[str, Callable[[], Any]]] = {
    "gzip": partial(zlib.decompressobj, 31),  # window bits: 16 + 15 is gzip, 15 zlib (RFC 9110, 8.4.1)
    "x-gzip": partial(zlib.decompressobj, 31),
    "deflate": partial(zlib.decompressobj, 15),
    # 8 MB is the window every decoder must take (RFC 9659, 3); a larger one is memory that somebody else decides on.
    "zstd": partial(zstd.ZstdDecompressor, options={zstd.DecompressionParameter.window_log_max: 23}),
}
"""Content encoding to what undoes it; all of them work alike."""
DROPPED_TIMES: Final = 8
MAX_MEMBERS: Final = 256
"""Parts of a compressed body, one behind the other. Empty ones are cheap to send by the hundred thousand."""
STEP_BYTES: Final = 1024 * 1024
"""Decompressed at a time: so much may be in memory before it is counted."""

Grow: TypeAlias = Callable[[int], None]
"""Told how many more bytes are held in memory, before they are. Raises TooLarge or Busy."""


def _unlimited(_size: int) -> None:
    pass


async def read_body(receive: Receive, declared_bytes: str, *, max_bytes: int, grow: Grow = _unlimited) -> bytes:
    """All bytes of the body. Raises TooLarge for more than ``max_bytes``, and what ``grow`` raises.

    What is too much is read and dropped, so that the client hears why; past ``DROPPED_TIMES`` the limit it is cut off.
    """
    refused: CollectorError | None = None
    if declared_bytes.isdigit() and int(declared_bytes[:20]) > max_bytes:
        refused = TooLarge(_too_large(max_bytes))
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            msg = "The client went away before its body was whole."
            raise Busy(msg)
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        refused = refused or _refused(size, len(chunk), max_bytes, grow)
        if refused:
            chunks.clear()
        else:
            chunks.append(chunk)
        if not message.get("more_body") or size > DROPPED_TIMES * max_bytes:
            break
    if refused:
        raise refused
    return b"".join(chunks)


def _refused(size: int, more: int, max_bytes: int, grow: Grow) -> CollectorError | None:
    if size > max_bytes:
        return TooLarge(_too_large(max_bytes))
    try:
        grow(more)
    except (TooLarge, Busy) as error:
        return error
    return None


def decompressed(body: bytes, encoding: str, *, max_bytes: int, grow: Grow = _unlimited) -> bytes:
    """The body without its content encoding.

    Memory stays within ``max_bytes`` whatever the body claims to hold. Raises TooLarge past that, Unsupported for an
    encoding that is not spoken here, Rejected for bytes that are broken or cut off, and what ``grow`` raises.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in ENCODINGS:
        msg = f"The content encoding {name[:40]!r} is not supported; use gzip, deflate, zstd or none."
        raise Unsupported(msg)
    parts: list[bytes] = []
    left = max_bytes
    for _ in range(MAX_MEMBERS):
        if not body:
            return b"".join(parts)
        inflater = ENCODINGS[name]()
        while not inflater.eof:
            try:
                part = inflater.decompress(body, min(STEP_BYTES, left + 1))
            except (zlib.error, zstd.ZstdError) as error:
                msg = f"The body cannot be decompressed as {name}."
                raise Rejected(msg) from error
            left -= len(part)
            if left < 0:
                raise TooLarge(_too_large(max_bytes, " after decompression"))
            body = getattr(inflater, "unconsumed_tail", b"")  # zstd keeps what it has not come to
            if not part and not body and not inflater.eof:
                msg = f"The body ends in the middle of its {name} data."
                raise Rejected(msg)
            grow(len(part))
            parts.append(part)
        body = inflater.unused_data  # a gzip file may have several members, one behind the other
    if not body:
        return b"".join(parts)
    msg = f"The body has more than {MAX_MEMBERS} compressed parts."
    raise Rejected(msg)


def _too_large(max_bytes: int, when: str = "") -> str:
    return f"The body is larger than {max_bytes} bytes{when}. Send fewer spans in one request."
