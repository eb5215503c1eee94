"""Starting a span, making it the current one, and ending it: as a block for applications, as two calls for the SDK."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from spanglass import current, nesting, runtime
from spanglass.current import leave
from spanglass.guard import swallow
from spanglass.semconv import Kind
from spanglass.site import KindName, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanglass.live import LiveSpan


def begin(site: Site) -> LiveSpan | None:
    """Start a span below the current one and make it current, until ``leave`` is called with its token.

    ``None`` when nothing is recorded or it went wrong.
    """
    try:
        recorder = runtime.STATE.recorder or runtime.start()
        if recorder is None:
            return None
        context = current.get() or current.PROCESS.context
        if nesting.SCOPES:  # a framework's instrumentation is on
            context = nesting.below(site, context)
        live = recorder.open(site, recorder, context)
        live.token = current.attach(current.containing(live, context))
    except Exception as error:  # noqa: BLE001  the application goes on unrecorded
        swallow("span.begin", error)
        return None
    return live


def finish(live: LiveSpan, error: BaseException | None = None, end_ns: int | None = None) -> None:
    """End the span, with what ended it. A span processor of the application that raises does not reach its caller."""
    try:
        if error is not None:
            live.fail(error)
        live.end(end_ns)
    except Exception as trouble:  # noqa: BLE001
        swallow("span.finish", trouble)


class Block:
    """A ``with`` (or ``async with``) block recorded as one span; yields the span."""

    __slots__ = ("_live", "_site", "_told")

    def __init__(self, site: Site, told: Mapping[str, Any]) -> None:
        self._site = site
        self._told = told
        self._live: LiveSpan | None = None

    def __enter__(self) -> LiveSpan:
        self._live = None if runtime.STATE.off else begin(self._site)
        if self._live is None:
            from spanglass.live import SILENT  # noqa: PLC0415  with it OpenTelemetry's SDK is imported

            return SILENT
        return self._live.set(**self._told) if self._told else self._live

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._live is not None:
            leave(self._live.token)
            finish(self._live, error)
            self._live = None

    async def __aenter__(self) -> LiveSpan:
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.__exit__(kind, error, traceback)


def span(
    name: str,
    *,
    kind: Kind | KindName = Kind.SPAN,
    input: object = None,  # noqa: A002
    model: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Block:
    """A block recorded as one span below the current one; what ends it by exception is recorded and passes on.

    ``with spanglass.span("plan", kind="agent") as span: span.set(output=plan)``. The span that the block yields is
    always there: while nothing is recorded it takes everything and keeps nothing.
    """
    told = {"input": input, "model": model, "metadata": metadata}
    return Block(_site(str(name), str(kind)), {key: value for key, value in told.items() if value is not None})


@lru_cache(maxsize=1024)
def _site(name: str, kind: str) -> Site:
    return Site(name, kind)
