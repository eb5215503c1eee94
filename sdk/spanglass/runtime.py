"""What ``init`` made, in one place: settings, tracer, queue of spans, sender of scores. Made at first use otherwise."""

from __future__ import annotations

import atexit
import threading
import time
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from opentelemetry.sdk.trace import Tracer

from spanglass import semconv
from spanglass.guard import LOG, POLICY, guarded
from spanglass.settings import Settings, from_environment
from spanglass.site import Recorder
from spanglass.stats import COUNTERS, Stats
from spanglass.version import installed_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import TracerProvider

    from spanglass.export import Outbox


@dataclass(slots=True)
class State:
    """The only mutable state of the SDK that is not a queue or a counter."""

    off: bool = False  # switched off, or shut down: calls go straight through
    recorder: Recorder | None = None  # set while spans are recorded
    settings: Settings | None = None
    outbox: Outbox | None = None
    sender: ScoreQueue | None = None


class ScoreQueue(Protocol):
    """Where scores go."""

    def put(self, score: dict[str, Any]) -> None:
        """Take one score, as the body of a request has it."""

    def pending(self) -> int:
        """How many are not delivered yet."""
        ...

    def flush(self, timeout_seconds: float) -> None:
        """Deliver what waits, for so long at most."""

    def hurry(self) -> None:
        """No pauses and no second attempts from now on."""

    def close(self, timeout_seconds: float) -> None:
        """Deliver what waits, for so long at most; then stop for good."""


STATE: Final = State()
_LOCK: Final = threading.RLock()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a flush came to. True when everything that was waiting has been acknowledged by the collector."""

    sent: int  # spans and scores acknowledged during the flush
    dropped: int  # given up during the flush
    pending: int  # still unsent at its time limit

    def __bool__(self) -> bool:
        return not self.dropped and not self.pending


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
    tracer_provider: TracerProvider | None = None,
) -> None:
    """Set up recording. Optional: without it the first recorded call does it from environment variables.

    What is not given comes from the environment (see ``spanglass.settings``), and what is not there either has a
    default. Called again, it sends what is waiting and begins anew. With an OpenTelemetry set-up of its own an
    application calls this after it; spans then go to both.
    """
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
        )
        for complaint in complaints:
            LOG.warning("spanglass: %s", complaint)
        _install(settings, tracer_provider)


def start() -> Recorder | None:
    """The recorder, set up from the environment when nobody has done so. ``None`` while recording is off."""
    with _LOCK:
        if STATE.recorder is None and not STATE.off:
            init()
            STATE.off = STATE.recorder is None  # a set-up that failed is not tried again with every call
        return STATE.recorder


def _install(settings: Settings, provider: TracerProvider | None) -> None:
    POLICY.raises = settings.raise_errors
    STATE.settings = settings
    STATE.recorder, STATE.off = None, True
    if not settings.enabled:
        return
    # What sends is imported now and not with the package: a script that records nothing does not wait for it.
    from spanglass.export import RELAY, Outbox, provider_for  # noqa: PLC0415
    from spanglass.score_sender import ScoreSender  # noqa: PLC0415

    provider = provider or provider_for(settings)
    tracer = provider.get_tracer(semconv.SDK_NAME, installed_version())
    if not isinstance(tracer, Tracer):  # OpenTelemetry itself is switched off
        return
    STATE.outbox = Outbox(settings)
    STATE.sender = ScoreSender(settings)
    RELAY.attach(provider, STATE.outbox)
    STATE.recorder, STATE.off = Recorder(settings, tracer), False
    atexit.unregister(shutdown)
    atexit.register(shutdown)


def swap(state: State) -> State:
    """Put ``state`` in the place of the present one, and return that. For tests."""
    with _LOCK:
        before = replace(STATE)
        for each in fields(State):
            setattr(STATE, each.name, getattr(state, each.name))
        return before


def flush(timeout_seconds: float = 10.0) -> Receipt:
    """Send what is waiting and wait for the collector's answer, for so long at most."""
    before = stats()
    deadline = time.monotonic() + timeout_seconds
    outbox, sender = STATE.outbox, STATE.sender
    with guarded("flush"):
        if outbox is not None:
            _within(outbox.force_flush, timeout_seconds)
        if sender is not None:
            sender.flush(max(deadline - time.monotonic(), 0.0))
    after = stats()
    return Receipt(
        sent=after.spans_sent + after.scores_sent - before.spans_sent - before.scores_sent,
        dropped=after.spans_dropped + after.scores_dropped - before.spans_dropped - before.scores_dropped,
        pending=after.spans_pending + after.scores_pending,
    )


def shutdown(timeout_seconds: float | None = None) -> None:
    """Send what is waiting, for ``SPANGLASS_EXIT_TIMEOUT_SECONDS`` at most, and stop recording. Runs at exit by itself."""
    with guarded("shutdown"), _LOCK:
        outbox, sender, settings = STATE.outbox, STATE.sender, STATE.settings
        STATE.recorder, STATE.off, STATE.outbox, STATE.sender = None, True, None, None
        if settings is None or outbox is None or sender is None:
            return
        deadline = time.monotonic() + (settings.exit_timeout_seconds if timeout_seconds is None else timeout_seconds)
        sender.hurry()
        outbox.close(max(deadline - time.monotonic(), 0.0))
        sender.close(max(deadline - time.monotonic(), 0.0))


def stats() -> Stats:
    """Totals since the process started: ended, sent, pending, dropped, own errors."""
    outbox, sender = STATE.outbox, STATE.sender
    return COUNTERS.snapshot(
        spans_pending=outbox.pending() if outbox else 0, scores_pending=sender.pending() if sender else 0
    )


def _within(work: Callable[[], object], timeout_seconds: float) -> None:
    """Run ``work`` in a thread of its own and stop waiting at the limit: it cannot be interrupted itself."""
    thread = threading.Thread(target=work, name="spanglass-flush", daemon=True)
    thread.start()
    thread.join(timeout_seconds)
