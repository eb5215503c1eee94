"""Restarts and the order of ends, on services that do nothing but remember."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from spanglass_cli import supervisor as supervisor_module
from spanglass_cli.supervisor import RESTART_DELAYS_SECONDS, STEADY_SECONDS, Supervisor, Tier, restart_delay_seconds


@dataclass
class Remembering:
    """A service that runs until told otherwise, and notes what is done to it."""

    name: str
    journal: list[str]
    stubborn: bool = False
    exit_code: int | None = None
    start_error: Exception | None = None
    pid: int | None = None
    log_tail: tuple[str, ...] = field(default=("the last word",))

    def _note(self, what: str) -> None:
        self.journal.append(f"{what} {self.name}")

    def start(self) -> None:
        self._note("start")
        if self.start_error:
            raise self.start_error
        self.exit_code = None

    def poll(self) -> int | None:
        return self.exit_code

    def terminate(self) -> None:
        self._note("terminate")
        if not self.stubborn:
            self.exit_code = 0

    def kill(self) -> None:
        self._note("kill")
        self.exit_code = -9

    def wait(self, timeout_seconds: float) -> bool:
        return self.exit_code is not None

    def close(self) -> None:
        self._note("close")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        self.now += 0.001
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(supervisor_module, "time", clock)
    return clock


def test_the_delay_grows_and_stays_at_its_last_value() -> None:
    delays = [restart_delay_seconds(number) for number in range(1, 10)]
    assert delays == sorted(delays)
    assert delays[0] == RESTART_DELAYS_SECONDS[0]
    assert delays[-1] == RESTART_DELAYS_SECONDS[-1]


def test_everything_ends_tier_by_tier_from_the_top(clock: Clock) -> None:
    journal: list[str] = []
    supervisor = Supervisor(journal.append)
    supervisor.start(Remembering("database", journal), Tier.DATABASE)
    supervisor.start(Remembering("dashboard", journal), Tier.FRONT)
    supervisor.start(Remembering("collector", journal), Tier.COLLECTOR)
    supervisor.start(Remembering("monitor", journal), Tier.FRONT)
    journal.clear()
    supervisor.stop()
    assert [line for line in journal if line.startswith(("terminate", "close"))] == [
        "terminate dashboard",
        "terminate monitor",
        "close dashboard",
        "close monitor",
        "terminate collector",
        "close collector",
        "terminate database",
        "close database",
    ]


def test_what_does_not_end_in_its_time_is_killed(clock: Clock) -> None:
    journal: list[str] = []
    supervisor = Supervisor(journal.append)
    stubborn = Remembering("database", journal, stubborn=True)
    supervisor.start(stubborn, Tier.DATABASE)
    supervisor.stop()
    assert journal == ["start database", "terminate database", "kill database", "close database"]
    assert stubborn.exit_code == -9


def test_a_second_ctrl_c_asks_nobody(clock: Clock) -> None:
    journal: list[str] = []
    supervisor = Supervisor(journal.append)
    supervisor.start(Remembering("database", journal, stubborn=True), Tier.DATABASE)
    supervisor.start(Remembering("collector", journal, stubborn=True), Tier.COLLECTOR)
    supervisor.kill()
    supervisor.stop()
    assert not [line for line in journal if line.startswith("terminate")]
    assert {"kill database", "kill collector"} <= set(journal)


def test_what_ended_is_restarted_after_its_delay_and_said_in_one_line(clock: Clock) -> None:
    journal: list[str] = []
    said: list[str] = []
    service = Remembering("collector", journal)
    supervisor = Supervisor(said.append)
    supervisor.start(service, Tier.COLLECTOR)
    service.exit_code = -9
    supervisor.revive()
    supervisor.revive()
    assert journal == ["start collector"]
    assert said == ["collector ended (signal 9), restarting in 0.5 s: the last word"]
    clock.now += 0.5
    supervisor.revive()
    assert journal == ["start collector", "start collector"]
    assert service.exit_code is None
    assert len(said) == 1


def test_ends_in_a_row_wait_longer_until_it_has_run_steadily(clock: Clock) -> None:
    said: list[str] = []
    service = Remembering("collector", [])
    supervisor = Supervisor(said.append)
    supervisor.start(service, Tier.COLLECTOR)
    for steady_seconds in (0.0, 0.0, STEADY_SECONDS):
        clock.now += steady_seconds
        service.exit_code = 1
        supervisor.revive()
        clock.now += RESTART_DELAYS_SECONDS[-1]
        supervisor.revive()
    assert [line.split("restarting in ")[1].split(" s")[0] for line in said] == ["0.5", "1", "0.5"]


def test_a_restart_that_fails_is_tried_again(clock: Clock) -> None:
    said: list[str] = []
    service = Remembering("clickhouse", [])
    supervisor = Supervisor(said.append)
    supervisor.start(service, Tier.COLLECTOR)
    service.exit_code = 1
    service.start_error = OSError("the port is taken")
    supervisor.revive()
    clock.now += 1
    supervisor.revive()
    assert "could not start (the port is taken), restarting in 1 s" in said[-1]
    service.start_error = None
    clock.now += 2
    supervisor.revive()
    assert service.exit_code is None
