"""One request to the collector, and what its answer means."""

from __future__ import annotations

import codecs
import io
import os
import threading
import time
import zlib
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from spanglass.export.parcel import CONTENT_TYPES, PATHS, Parcel

if TYPE_CHECKING:
    import socket
    from http.client import HTTPResponse

    from spanglass.settings import Settings


class Verdict(Enum):
    """What to do with a parcel after an attempt to send it."""

    SENT = auto()
    LATER = auto()  # no answer, or one that says: not now
    TOO_LARGE = auto()  # fewer or shorter things may pass
    REFUSED = auto()  # the same again would be refused again


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict; the HTTP status (0: there was no answer) and a few words for the log; when to try again, if told."""

    verdict: Verdict
    status: int = 0
    reason: str = ""
    retry_after_seconds: float | None = None


_TOO_LARGE: Final = 413
_UNREADABLE: Final = frozenset({400, 415})  # how a server that does not know a compression answers
_MAX_REASON: Final = 200
_GZIP: Final = 31  # zlib's name for the gzip format with the largest window
_TRY_LATER: Final = frozenset({408, 425, 429})
NO_KEY: Final = 401  # the collector does not know the key, or wants one
_KEY_PAUSE_SECONDS: Final = 60.0  # it may be put right, but not from one second to the next


def judged(status: int, reason: str = "", retry_after: str | None = None) -> Answer:
    """OTLP's rules (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response), and any trouble of a server is passing."""
    if status // 100 == 2:
        return Answer(Verdict.SENT, status)
    if status == _TOO_LARGE:
        return Answer(Verdict.TOO_LARGE, status, reason)
    if status == NO_KEY:
        return Answer(Verdict.LATER, status, reason, _KEY_PAUSE_SECONDS)
    if status >= 500 or status in _TRY_LATER:
        seconds = float(retry_after) if retry_after and retry_after.strip().isdigit() else None
        return Answer(Verdict.LATER, status, reason, seconds)
    return Answer(Verdict.REFUSED, status, reason)


class Compressor(Protocol):
    """Bytes -> fewer bytes."""

    def __call__(self, body: bytes | bytearray, /) -> bytes:
        """Compress."""
        ...


def gzip(body: bytes | bytearray) -> bytes:
    """Level 1: from 6 on it costs four to five times as much for a fifth less (docs/performance.md)."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def zstd() -> Compressor | None:
    """Python's own from 3.14 on, or its backport; ``None`` where neither is there."""
    try:
        from compression import zstd as codec  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        try:
            from backports import zstd as codec  # type: ignore[no-redef,unused-ignore]  # noqa: PLC0415
        except ImportError:
            return None
    return lambda body: bytes(codec.compress(body, 1))


def compressor(settings: Settings) -> tuple[str, Compressor | None]:
    """The name for the ``content-encoding`` header and what does it; an empty name for none."""
    chosen = settings.compression
    if chosen == "none" or (chosen == "auto" and settings.is_local):
        return "", None
    if chosen in {"auto", "zstd"} and (found := zstd()):
        return "zstd", found
    return "gzip", gzip


# Held while modules are imported here, in the background. A fork waits for it: in a child that began in the middle of
# an import nobody could ever import these modules, the application least of all.
_IMPORTING: Final = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_IMPORTING.acquire, after_in_parent=_IMPORTING.release, after_in_child=_IMPORTING.release
    )


class _InTime(io.RawIOBase):
    """What an answer is read from, until a moment. http.client asks a socket for a file: this is both.

    urllib3's limit is one for each reading: a server that answers byte by byte would keep within it for ever.
    """

    def __init__(self, connected: socket.socket, until: float) -> None:
        self._socket = connected
        self._until = until
        self._file: Any = connected.makefile("rb", buffering=0)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(max(self._until - time.monotonic(), 0.001))
        count: int | None = self._file.readinto(buffer)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class Transport:
    """A connection to the collector that is kept open. For one thread; made in the thread that uses it."""

    def __init__(self, settings: Settings) -> None:
        with _IMPORTING:
            import urllib3  # noqa: PLC0415  with ssl it is more than importing the whole package costs

            codecs.lookup("idna")  # imported at the first connection otherwise
            self._settings = settings
            self._errors = urllib3.exceptions.HTTPError
            self._pool = _pool(settings, urllib3)
            self._encoding, self._compress = compressor(settings)
            self._timeout = urllib3.Timeout
            self._until = float("inf")  # monotonic; when the request under way has taken too long
            self._pool.pool_classes_by_scheme = {
                scheme: self._within_time(kind) for scheme, kind in self._pool.pool_classes_by_scheme.items()
            }

    def post(self, parcel: Parcel, timeout_seconds: float) -> Answer:
        """Send it and wait for the answer. Raises nothing for what may happen on a network."""
        self._until = time.monotonic() + timeout_seconds
        return self._answer(parcel, timeout_seconds)

    def _within_time(self, pool: Any) -> Any:
        """A class of connection pools in which an answer as a whole must come in time."""
        from http.client import HTTPResponse  # noqa: PLC0415  urllib3 has it

        transport = self

        def response_class(_connection: Any, connected: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:
            return HTTPResponse(_InTime(connected, transport._until), *args, **kwargs)  # type: ignore[arg-type]

        connection = pool.ConnectionCls
        timed = type(connection.__name__, (connection,), {"response_class": response_class})
        return type(pool.__name__, (pool,), {"ConnectionCls": timed})

    def _answer(self, parcel: Parcel, timeout_seconds: float) -> Answer:
        answer = self._attempt(parcel, timeout_seconds)
        if answer.status in _UNREADABLE and self._encoding == "zstd":  # the server may not know it: the usual form then
            self._encoding, self._compress = "gzip", gzip
            answer = self._attempt(parcel, timeout_seconds)
        return answer

    def _attempt(self, parcel: Parcel, timeout_seconds: float) -> Answer:
        headers = {**self._settings.request_headers, "Content-Type": CONTENT_TYPES[parcel.goods]}
        body = parcel.body
        if self._compress is not None:
            body = self._compress(body)
            headers["Content-Encoding"] = self._encoding
        try:
            answer = self._pool.request(
                "POST",
                self._settings.base_url + PATHS[parcel.goods],
                body=body,
                headers=headers,
                timeout=self._timeout(total=max(timeout_seconds, 0.001)),
                redirect=False,
                retries=False,
            )
        except (self._errors, OSError) as error:  # refused, reset, timed out, no such host, bad certificate
            return Answer(Verdict.LATER, reason=f"{type(error).__name__}: {error}"[:_MAX_REASON])
        said = answer.data[:_MAX_REASON].decode("utf-8", "replace").strip() if answer.status >= 300 else ""
        return judged(answer.status, said, answer.headers.get("retry-after"))

    def close(self) -> None:
        """Let go of the connection. At the end of the process urllib3 would not do so by itself."""
        for key in list(self._pool.pools.keys()):
            if (pool := self._pool.pools.get(key)) is not None:
                pool.close()
        self._pool.clear()


def _pool(settings: Settings, urllib3: Any) -> Any:
    """Through the proxy that the environment names for this address, if any; trusting what the settings say."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    address = urlsplit(settings.base_url)
    options = {"num_pools": 2, "maxsize": 1, **({"ca_certs": settings.certificate} if settings.certificate else {})}
    proxy = getproxies().get(address.scheme)
    if proxy and not settings.is_local and not proxy_bypass(address.hostname or ""):
        return urllib3.ProxyManager(proxy, **options)
    return urllib3.PoolManager(**options)
