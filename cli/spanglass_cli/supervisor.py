"""Keeps services alive, and ends them in order.

Each service has a tier: what stands on a lower tier must outlive it. So everything ends tier by tier from the top: the
pages are gone before the collector, and the collector has handed on what it can before the database stops.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

RESTART_DELAYS_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Pause before the first, second, … restart in a row; the last one repeats."""

STEADY_SECONDS: Final = 60.0
"""A service that ran this long has recovered: its next end counts as the first again."""

POLL_SECONDS: Final = 0.02
TIER_SECONDS: Final = 3.0
"""What the services of one tier get to finish when asked; then they are killed. Three tiers stay below ten seconds."""


class Tier(IntEnum):
    """Who stands on whom."""

    DATABASE = 0
    COLLECTOR = 1
    FRONT = 2


class Service(Protocol):
    """What a supervisor needs of a process, be it a role of ours or the database."""

    @property
    def name(self) -> str:
        """For the person: ``collector``, ``clickhouse``."""

    @property
    def pid(self) -> int | None:
        """Process id of the last start, None before it."""

    @property
    def log_tail(self) -> tuple[str, ...]:
        """The last lines it wrote."""

    def start(self) -> None:
        """Start it, again after an end too. OSError or StoreError where that is impossible now."""

    def poll(self) -> int | None:
        """Exit code, None while it runs."""

    def terminate(self) -> None:
        """Ask it to finish; returns at once."""

    def kill(self) -> None:
        """End it by force; returns at once and may be called from a signal handler."""

    def wait(self, timeout_seconds: float) -> bool:
        """True once it has ended."""

    def close(self) -> None:
        """Release what is held for an ended process."""


def restart_delay_seconds(failures_in_a_row: int) -> float:
    """Pause before the restart after this many failures in a row (1 for the first)."""
    return RESTART_DELAYS_SECONDS[min(failures_in_a_row, len(RESTART_DELAYS_SECONDS)) - 1]


@dataclass(slots=True)
class _Kept:
    service: Service
    tier: Tier
    started_at: float
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """The services of one `spanglass up`. ``say`` shows one line to the person."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._kept: list[_Kept] = []
        self._killed = False

    def start(self, service: Service, tier: Tier) -> None:
        """Start a service and keep it from now on. Raises what its ``start`` raises."""
        self._kept.append(_Kept(service, tier, started_at=time.monotonic()))
        service.start()

    def ended(self) -> Service | None:
        """A service that has ended and was not restarted, None if all run."""
        return next((kept.service for kept in self._kept if kept.service.poll() is not None), None)

    def revive(self) -> None:
        """Restart what has ended and has waited long enough. Call it a few times a second."""
        now = time.monotonic()
        for kept in self._kept:
            if kept.restart_at is not None:
                if now >= kept.restart_at:
                    self._restart(kept, now)
            elif (code := kept.service.poll()) is not None:
                self._note_end(kept, f"ended ({_describe_exit(code)})", now)

    def stop(self) -> None:
        """End everything, the highest tier first; what does not finish in its time is killed."""
        for tier in sorted({kept.tier for kept in self._kept}, reverse=True):
            self._stop_tier([kept.service for kept in self._kept if kept.tier is tier])
        self._kept.clear()

    def kill(self) -> None:
        """End everything by force, now. Safe in a signal handler; a `stop` in progress then returns quickly."""
        self._killed = True
        for kept in self._kept:
            kept.service.kill()

    def _stop_tier(self, services: Sequence[Service]) -> None:
        if not self._killed:
            for service in services:
                service.terminate()
        deadline = time.monotonic() + TIER_SECONDS
        while not all(service.wait(POLL_SECONDS) for service in services):
            if self._killed or time.monotonic() >= deadline:
                break
        for service in services:
            if not service.wait(0):
                service.kill()
                service.wait(1.0)
            service.close()

    def _restart(self, kept: _Kept, now: float) -> None:
        kept.restart_at = None
        kept.started_at = now
        try:
            kept.service.start()
        except Exception as error:  # noqa: BLE001 - whatever the reason: it is said, and tried again
            self._note_end(kept, f"could not start ({error})", now)

    def _note_end(self, kept: _Kept, what: str, now: float) -> None:
        kept.failures = 1 if now - kept.started_at >= STEADY_SECONDS else kept.failures + 1
        delay = restart_delay_seconds(kept.failures)
        kept.restart_at = now + delay
        last_line = f": {kept.service.log_tail[-1]}" if kept.service.log_tail else ""
        self._say(f"{kept.service.name} {what}, restarting in {delay:g} s{last_line}")


def _describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
