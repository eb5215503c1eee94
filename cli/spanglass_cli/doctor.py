"""`spanglass doctor`: what is reachable, in which version, and what to do about the rest.

Each check is a function from `Places` to findings; none of them changes anything.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal, Self

from spanglass_cli import health, version
from spanglass_cli.database import find_clickhouse_url
from spanglass_cli.datadir import Running, running_in
from spanglass_cli.errors import CommandError
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError
from spanglass_store.migrate import newer, pending
from spanglass_store.query import query

Level = Literal["ok", "warning", "problem"]

FREE_DISK_WARNING_BYTES: Final = 5 * 1024**3
FREE_DISK_PROBLEM_BYTES: Final = 500 * 1024**2
CLOCK_WARNING_SECONDS: Final = 2.0
OLDEST_PYTHON: Final = (3, 11)
LIBRARIES: Final = ("chdb-core", "clickhouse-connect", "streamlit", "opentelemetry-sdk")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is, and, unless all is well, what to do."""

    level: Level
    what: str
    state: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look. ``clickhouse_url`` is None when none was given; ``running`` is the owner of ``data_dir``."""

    data_dir: Path
    running: Running | None
    clickhouse_url: str | None
    collector_url: str
    dashboard_url: str

    @classmethod
    def of(
        cls, data_dir: Path, clickhouse_url: str | None, collector_url: str | None, dashboard_url: str | None
    ) -> Self:
        """What was given; the rest from the running `up`, else the default addresses."""
        running = running_in(data_dir)
        return cls(
            data_dir,
            running,
            clickhouse_url,
            collector_url or (running.collector if running else "http://127.0.0.1:4318"),
            dashboard_url or (running.dashboard if running else "http://127.0.0.1:8501"),
        )


def examine(places: Places) -> list[Finding]:
    """All findings, in the order of the report."""
    return [finding for check in CHECKS for finding in check(places)]


def report(findings: Sequence[Finding]) -> tuple[str, bool]:
    """(the report as text, whether nothing is a problem)."""
    width = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.level:<8} {finding.what:<{width}}  {finding.state}")
        if finding.remedy:
            lines.append(f"{'':<8} {'':<{width}}  -> {finding.remedy}")
    return "\n".join(lines), all(finding.level != "problem" for finding in findings)


def check_versions(_places: Places) -> Iterator[Finding]:
    """Our version, Python's and those of the libraries that matter most."""
    here = ".".join(map(str, sys.version_info[:3]))
    level: Level = "ok" if sys.version_info >= OLDEST_PYTHON else "problem"
    yield Finding(level, "spanglass", f"{version()} on Python {here}")
    for name in LIBRARIES:
        try:
            yield Finding("ok", name, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding("warning", name, "not installed", "pip install 'spanglass[server]'")


def check_data_dir(places: Places) -> Iterator[Finding]:
    """Who uses the data folder, and whether there is room on its disk."""
    owner = places.running
    state = f"in use by process {owner.pid}" if owner else "not in use"
    if not places.data_dir.is_dir():
        yield Finding("ok", "data directory", f"{places.data_dir} does not exist yet; `spanglass up` makes it")
    elif not os.access(places.data_dir, os.W_OK):
        remedy = "change its owner, or choose another with --data-dir"
        yield Finding("problem", "data directory", f"{places.data_dir} is not writable", remedy)
    else:
        yield Finding("ok", "data directory", f"{places.data_dir.resolve()}, {state}")
    free_bytes = shutil.disk_usage(_existing(places.data_dir)).free
    yield Finding(
        _at_most(free_bytes, FREE_DISK_PROBLEM_BYTES, FREE_DISK_WARNING_BYTES),
        "disk",
        f"{free_bytes / 1024**3:.1f} GiB free",
        "make room: the database stops taking data when the disk is full"
        if free_bytes <= FREE_DISK_WARNING_BYTES
        else "",
    )


def check_clickhouse(places: Places) -> Iterator[Finding]:
    """Reachable, which version, are its tables up to date, does its clock agree with ours."""
    try:
        url = find_clickhouse_url(places.clickhouse_url, places.data_dir)
        with Store.open(url) as store:
            yield Finding("ok", "ClickHouse", f"version {store.ping()} at {store.host}:{store.port}")
            missing, unknown = pending(store), newer(store)
            if missing:
                yield Finding("problem", "tables", f"{len(missing)} migrations to apply", "spanglass migrate")
            elif unknown:
                yield Finding(
                    "warning", "tables", f"a newer version has applied {', '.join(unknown)}", "upgrade this one"
                )
            else:
                yield Finding("ok", "tables", "up to date")
            yield _clock(store)
    except (CommandError, StoreError) as error:
        yield Finding("problem", "ClickHouse", str(error), "start `spanglass up`, or give the right --clickhouse-url")


def check_collector(places: Places) -> Iterator[Finding]:
    """Reachable, ready, how much waits in its queue, and what it had to set aside."""
    where = places.collector_url
    try:
        status, _ = health.get(f"{where}/readyz")
    except OSError as error:
        yield Finding(
            "problem", "collector", f"no answer at {where} ({error})", "start `spanglass up` or `spanglass collector`"
        )
        return
    yield (
        Finding("ok", "collector", f"ready at {where}")
        if status == 200
        else Finding(
            "problem", "collector", f"not ready at {where} (status {status})", "see its log: it says what it lacks"
        )
    )
    try:
        yield from queue_findings(health.get_json(f"{where}/api/v1/ledger"))
    except OSError as error:
        yield Finding("warning", "queue", str(error), "give a key that may read, or ask on the collector's machine")


def queue_findings(ledger: dict[str, Any]) -> Iterator[Finding]:
    """What the collector's ledger says: spans and scores that wait, and those nobody will ever store."""
    tables: dict[str, dict[str, int]] = ledger.get("tables", {})
    for table, counts in sorted(tables.items()):
        aside = counts["set_aside"]
        remedy = "the collector's log says why the database refused them" if aside else ""
        state = f"{counts['queued']:,} {table} waiting, {counts['stored']:,} stored, {aside:,} set aside"
        yield Finding("warning" if aside else "ok", "queue", state, remedy)
    if not tables:
        yield Finding("ok", "queue", "nothing received yet")


def check_dashboard(places: Places) -> Iterator[Finding]:
    """Reachable, unless it was not to be started."""
    if not places.dashboard_url:
        yield Finding("ok", "dashboard", "not started (--no-dashboard)")
    elif health.is_ready(f"{places.dashboard_url}/_stcore/health"):
        yield Finding("ok", "dashboard", f"ready at {places.dashboard_url}")
    else:
        remedy = "start `spanglass up` or `spanglass dashboard`"
        yield Finding("problem", "dashboard", f"no answer at {places.dashboard_url}", remedy)


CHECKS: Final[Iterable[Callable[[Places], Iterator[Finding]]]] = (
    check_versions,
    check_data_dir,
    check_clickhouse,
    check_collector,
    check_dashboard,
)


def _clock(store: Store) -> Finding:
    before = time.time()
    (row,) = store.fetch_rows(query("clock", "SELECT toFloat64(now64(3)) AS now_seconds"))
    difference = abs(float(row["now_seconds"]) - (before + time.time()) / 2)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if difference <= CLOCK_WARNING_SECONDS:
        return Finding("ok", "clock", f"{now}, as the database's")
    return Finding("warning", "clock", f"{difference:.1f} s apart from the database's", "synchronise both by NTP")


def _at_most(value: float, problem: float, warning: float) -> Level:
    return "problem" if value <= problem else "warning" if value <= warning else "ok"


def _existing(path: Path) -> Path:
    """The nearest folder above that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())
