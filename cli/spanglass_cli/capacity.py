"""What a load takes in cores, memory, disk and money: figures, assumptions, and the few formulas between them. Pure.

``docs/reference/capacity.md`` is made from here, ``docs/scaling.md`` says what to do with it. To compute it for another
load or by other figures, change ``FIGURES`` and run ``make docs``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Form = Literal["embedded", "one server", "cluster"]
DAY_SECONDS: Final = 86_400
MONTH_HOURS: Final = 730
MICRO: Final = 1e-6
GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the model rests on, its unit, and where it comes from."""

    value: float
    unit: str
    help: str
    source: str


MEASURED: Final[Mapping[str, Figure]] = {
    "collector_us_per_span": Figure(
        16.7, "µs of CPU", "Collector, a span of 1.8 KB", "performance.md, `make bench-ingest`"
    ),
    "clickhouse_us_per_span": Figure(
        20.6, "µs of CPU", "ClickHouse: insert, text index and the first merges", "performance.md, `make bench-ingest`"
    ),
    "overview_us_per_span": Figure(
        0.31,
        "µs of CPU",
        "An overview of a day beside the day before, a span of one of them",
        "performance.md: 102 ms for 333,000",
    ),
    "bytes_per_span": Figure(822, "bytes", "On disk, with the text index", "performance.md, `make bench-ingest`"),
    "collector_memory_gb": Figure(0.24, "GB", "A collector's process", "performance.md, `make bench-ingest`"),
    "idle_memory_gb": Figure(
        0.5, "GB", "Monitor, dashboard, and an embedded ClickHouse at rest", "`make bench-startup`"
    ),
}
ASSUMED: Final[Mapping[str, Figure]] = {
    "peak": Figure(3, "times", "The busiest hour against the mean of a day", "assumption"),
    "busy_share": Figure(0.5, "", "How busy cores may be then: the rest is for queries and surprises", "assumption"),
    "later_merges": Figure(
        1.2, "times", "What merging and packing a day that is over adds to ClickHouse's work", "adr/024"
    ),
    "answer_seconds": Figure(1, "s", "In which an overview of 24 hours is to be there, with no roll-up", "the aim"),
    "retention_days": Figure(30, "days", "How long spans stay", "a setting"),
    "full_share": Figure(0.7, "", "How full a disk may be: merges need room", "assumption"),
    "memory_gb_per_core": Figure(
        4, "GB", "Memory of a ClickHouse core", "https://clickhouse.com/docs/guides/sizing-and-hardware-recommendations"
    ),
    "embedded_cores": Figure(
        2, "cores", "The most that `spanglass up` is tuned for: two merges at once", "embedded_config"
    ),
    "embedded_disk_gb": Figure(500, "GB", "The most on one machine without a copy", "assumption"),
    "server_cores": Figure(16, "cores", "The largest server", "a choice"),
    "server_disk_gb": Figure(8_000, "GB", "The largest disk of a server", "a choice"),
    "cluster_copies": Figure(2, "", "Replicas of a shard", "a choice"),
}
PRICES: Final[Mapping[str, Figure]] = {
    "core_usd_per_hour": Figure(
        0.0408,
        "USD",
        "A virtual core with 4 GB: half an m7g.large, on demand, us-east-1",
        "https://aws.amazon.com/ec2/pricing/on-demand/, June 2026",
    ),
    "disk_usd_per_gb_month": Figure(0.08, "USD", "gp3, us-east-1", "https://aws.amazon.com/ebs/pricing/, June 2026"),
}
FIGURES: Final[Mapping[str, Figure]] = {**MEASURED, **ASSUMED, **PRICES}
LOADS: Final = tuple(10**power for power in range(3, 10))
"""Spans a day that the page tells of."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What so many spans a day take. Cores, memory and disk of ClickHouse are those of one copy; ``shards`` divide them,
    ``copies`` multiply them. ``usd_per_month`` is for all, the collectors included; ``first`` is what is the first to
    become too small when the load grows.
    """

    spans_per_day: int
    form: Form
    peak_spans_per_second: float
    collector_cores: float
    writing_cores: float
    reading_cores: float
    memory_gb: float
    disk_gb: float
    shards: int
    copies: int
    usd_per_month: float
    first: str


def capacity(spans_per_day: int, figures: Mapping[str, float] | None = None) -> Capacity:
    """The model. ``figures`` replace those of the same name. Raises KeyError for a name that is not in ``FIGURES``."""
    given = dict(figures or {})
    of = {name: given.pop(name, figure.value) for name, figure in FIGURES.items()}
    if given:
        raise KeyError(*given)
    peak = spans_per_day / DAY_SECONDS * of["peak"]
    collector = peak * of["collector_us_per_span"] * MICRO / of["busy_share"]
    writing = peak * of["clickhouse_us_per_span"] * (1 + of["later_merges"]) * MICRO / of["busy_share"]
    reading = spans_per_day * of["overview_us_per_span"] * MICRO / of["answer_seconds"]
    disk = spans_per_day * of["retention_days"] * of["bytes_per_span"] / GB / of["full_share"]
    cores = writing + reading
    form: Form = "cluster"
    if cores + collector <= of["embedded_cores"] and disk <= of["embedded_disk_gb"]:
        form = "embedded"
    elif cores <= of["server_cores"] and disk <= of["server_disk_gb"]:
        form = "one server"
    shards = max(1, math.ceil(cores / of["server_cores"]), math.ceil(disk / of["server_disk_gb"]))
    copies = int(of["cluster_copies"]) if form == "cluster" else 1
    collectors = max(copies, math.ceil(collector))
    memory = of["idle_memory_gb"] + collectors * of["collector_memory_gb"] + max(1.0, cores) * of["memory_gb_per_core"]
    paid_cores = copies * max(1.0, cores) + max(collector, 0.1 * collectors)
    usd = paid_cores * of["core_usd_per_hour"] * MONTH_HOURS + copies * disk * of["disk_usd_per_gb_month"]
    return Capacity(
        spans_per_day, form, peak, collector, writing, reading, memory, disk, shards, copies, usd,
        _first(cores / of["server_cores"], disk / of["server_disk_gb"], reading > writing),
    )  # fmt: skip


def _first(cores: float, disk: float, is_read: bool) -> str:
    if max(cores, disk) < 0.01:  # of one large server
        return "nothing"
    if disk >= cores:
        return "disk"
    return "cores, to read" if is_read else "cores, to write"


COLUMNS: Final[Mapping[str, Callable[[Capacity], str]]] = {
    "spans a day": lambda c: f"{c.spans_per_day:,}",
    "a second, at peak": lambda c: _short(c.peak_spans_per_second),
    "form": lambda c: c.form + (f": {c.shards} × {c.copies}" if c.form == "cluster" else ""),
    "collector cores": lambda c: _short(c.collector_cores),
    "ClickHouse cores, writing": lambda c: _short(c.writing_cores),
    "reading": lambda c: _short(c.reading_cores),
    "memory, GB": lambda c: _short(c.memory_gb),
    "disk, GB": lambda c: _short(c.disk_gb),
    "USD a month": lambda c: _short(c.usd_per_month),
    "grows first": lambda c: c.first,
}
"""The columns of the page. Cores, memory and disk are those of one copy of all shards."""


def _short(value: float) -> str:
    """Two digits that count, and never less than a hundredth."""
    if value < 0.01:
        return "< 0.01"
    digits = max(0, 1 - math.floor(math.log10(value)))
    return (
        f"{round(value, digits):,.{digits}f}"
        if value < 100
        else f"{round(value, 1 - math.floor(math.log10(value))):,.0f}"
    )
