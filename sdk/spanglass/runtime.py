"""What ``init`` made, in one place: settings, tracer, queue of spans, sender of scores. Made at first use otherwise."""

from __future__ import annotations

import atexit
import os
import threading
from copy import copy
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from spanglass import semconv
from spanglass.current import PROCESS
from spanglass.guard import LOG, POLICY, guarded
from spanglass.stats import COUNTERS, Stats
from spanglass.version import installed_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import TracerProvider

    from spanglass.export.outbox import Outbox
    from spanglass.recorder import Recorder
    from spanglass.settings import Settings

    MaskHook = Callable[[str, object], object]


class State:
    """The only mutable state of the SDK that is not a queue or a counter."""  # no dataclass: making one takes 1 ms

    __slots__ = ("off", "outbox", "provider", "recorder", "sender", "settings")

    def __init__(
        self,
        *,
        recorder: Recorder | None = None,
        settings: Settings | None = None,
        provider: TracerProvider | None = None,
        sender: ScoreQueue | None = None,
    ) -> None:
        self.off = False  # switched off, or shut down: calls go straight through
        self.recorder = recorder  # set while spans are recorded
        self.settings = settings
        self.provider = provider  # where the spans of instrumentations that we turned on go
        self.outbox: Outbox | None = None
        self.sender = sender


class ScoreQueue(Protocol):
    """Where scores go."""

    def put(self, score: dict[str, Any]) -> None:
        """Take one score, as the body of a request has it."""


STATE: Final = State()
_LOCK: Final = threading.RLock()


class Receipt(NamedTuple):
    """What a flush came to, spans and scores together. True when the collector has acknowledged all that was waiting."""

    sent: int  # acknowledged during the flush
    spooled: int  # written to disk during the flush; they are sent later, if need be by the next process
    dropped: int  # given up during the flush
    pending: int  # still on their way at its time limit

    def __bool__(self) -> bool:
        return not self.spooled and not self.dropped and not self.pending


def init(
    service: str | None = None,
    *,
    endpoint: str | None = None,
    api_key: str | None = None,
    project: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    enabled: bool | None = None,
    capture_content: bool | None = None,
    sample_rate: float | None = None,
    mask: MaskHook | None = None,
    mask_patterns: Sequence[str] | None = None,
    mask_paths: Sequence[str] | None = None,
    spool_dir: str | os.PathLike[str] | None = None,
    tracer_provider: TracerProvider | None = None,
) -> None:
    """Set up recording. Optional: without it the first recorded call does it from environment variables.

    What is not given comes from the environment (see ``spanglass.settings``), and what is not there either has a
    default. Called again, it sends what is waiting and begins anew. With an OpenTelemetry set-up of its own an
    application calls this after it; spans then go to both.

    ``mask`` is called in the background with each attribute of each span before it leaves, ``mask(key, value)``, and
    returns what to send in its place; ``mask_patterns`` and ``mask_paths`` are the rules of ``spanglass.mask``. When
    any of them goes wrong the content of the span is left out, never sent as it was.
    """
    from spanglass.settings import from_environment  # noqa: PLC0415  a table that takes 4 ms to be made

    with guarded("init"), _LOCK:
        if STATE.outbox is not None:
            shutdown()
        settings, complaints = from_environment(
            service=service,
            endpoint=endpoint,
            api_key=api_key,
            project=project,
            environment=environment,
            release=release,
            enabled=enabled,
            capture_content=capture_content,
            sample_rate=sample_rate,
            mask_patterns=mask_patterns,
            mask_paths=mask_paths,
            spool_dir=None if spool_dir is None else os.fspath(spool_dir),
        )
        for complaint in complaints:
            LOG.warning("spanglass: %s", complaint)
        _install(settings, tracer_provider, mask)


def start() -> Recorder | None:
    """The recorder, set up from the environment when nobody has done so. ``None`` while recording is off."""
    with _LOCK:
        if STATE.recorder is None and not STATE.off:
            init()
            STATE.off = STATE.recorder is None  # a set-up that failed is not tried again with every call
        return STATE.recorder


def _install(settings: Settings, provider: TracerProvider | None, hook: MaskHook | None) -> None:
    POLICY.raises = settings.raise_errors
    STATE.settings = settings
    STATE.recorder, STATE.off = None, True
    if not settings.enabled:
        return
    # What records and sends is imported now and not with the package: who records nothing does not wait for it.
    from opentelemetry.sdk.trace import Tracer  # noqa: PLC0415

    from spanglass import threads  # noqa: PLC0415
    from spanglass.export.outbox import Outbox  # noqa: PLC0415
    from spanglass.mask import from_settings  # noqa: PLC0415
    from spanglass.process_context import started_in  # noqa: PLC0415
    from spanglass.provider import RELAY, provider_for  # noqa: PLC0415
    from spanglass.recorder import Recorder  # noqa: PLC0415
    from spanglass.sampling import rate_of  # noqa: PLC0415

    PROCESS.context = started_in(os.environ)
    threads.follow(settings.propagate_context)
    mask = from_settings(settings.mask_patterns, settings.mask_paths, hook, settings.mask_hash_key)
    provider = provider or provider_for(settings)
    tracer = provider.get_tracer(semconv.SDK_NAME, installed_version())
    if not isinstance(tracer, Tracer):  # OpenTelemetry itself is switched off
        return
    STATE.outbox = STATE.sender = outbox = Outbox(settings, mask, rate_of(tracer.sampler))
    RELAY.attach(provider, outbox)
    STATE.provider = provider
    STATE.recorder, STATE.off = Recorder(settings, tracer, outbox, RELAY), False
    atexit.unregister(shutdown)
    atexit.register(shutdown)


def swap(state: State) -> State:
    """Put ``state`` in the place of the present one, and return that. For tests."""
    with _LOCK:
        before = copy(STATE)
        for name in State.__slots__:
            setattr(STATE, name, getattr(state, name))
        return before


def flush(timeout_seconds: float = 10.0) -> Receipt:
    """Send what is waiting and wait for the collector's answer, for so long at most.

    Each request is tried once; what the collector does not take goes to the spool.
    """
    before, outbox = stats(), STATE.outbox
    if outbox is not None:
        with guarded("flush"):
            outbox.flush(timeout_seconds)
    after = stats()
    return Receipt(
        sent=after.spans_sent + after.scores_sent - before.spans_sent - before.scores_sent,
        spooled=max(after.spans_spooled + after.scores_spooled - before.spans_spooled - before.scores_spooled, 0),
        dropped=after.spans_dropped + after.scores_dropped - before.spans_dropped - before.scores_dropped,
        pending=after.spans_pending + after.scores_pending,
    )


def shutdown(timeout_seconds: float | None = None) -> None:
    """Send what is waiting, for ``SPANGLASS_EXIT_TIMEOUT_SECONDS`` at most, and stop recording. Runs at exit by itself.

    What cannot be sent in time goes to the spool, and is sent by the next process.
    """
    with guarded("shutdown"), _LOCK:
        outbox, settings = STATE.outbox, STATE.settings
        STATE.recorder, STATE.off, STATE.outbox, STATE.sender = None, True, None, None
        if settings is None or outbox is None:
            return
        outbox.close(settings.exit_timeout_seconds if timeout_seconds is None else timeout_seconds)


def stats() -> Stats:
    """Totals since the process started: ended, sent, spooled, pending, dropped, own errors."""
    return COUNTERS.snapshot(spans_queued=STATE.outbox.queued() if STATE.outbox else 0)
