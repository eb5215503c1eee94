"""What the collector tells Prometheus, as one typed table: name, kind, unit in the name, labels, help."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. ``buckets`` are for histograms, in the unit of the name."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

METRICS: Final[tuple[Metric, ...]] = (
    Metric("spanglass_requests_total", "counter", "Requests answered", ("signal", "status")),
    Metric("spanglass_rate_limited_total", "counter", "Requests refused because their key sent too much", ("limit",)),
    Metric("spanglass_slow_connections_total", "counter", "Connections closed for want of bytes", ("waiting_for",)),
    Metric("spanglass_body_bytes", "gauge", "Bytes of requests being worked on"),
    Metric("spanglass_request_bytes_total", "counter", "Bytes of request bodies, as sent", ("signal",)),
    Metric("spanglass_received_total", "counter", "Records read from requests: spans, scores, …", ("signal",)),
    Metric("spanglass_rejected_total", "counter", "Records refused because of what they hold", ("signal",)),
    Metric("spanglass_duplicate_total", "counter", "Records of requests that had been sent before", ("signal",)),
    Metric(
        "spanglass_log_records_total",
        "counter",
        "Log records by what became of them: kept, homeless (of a call, without the ids of its span), unread",
        ("outcome",),
    ),
    Metric("spanglass_ack_seconds", "histogram", "From the whole body read to the answer", ("signal",), _SECONDS),
    Metric("spanglass_insert_seconds", "histogram", "Duration of one insert", ("table",), _SECONDS),
    Metric("spanglass_inserted_rows_total", "counter", "Rows stored", ("table",)),
    Metric("spanglass_insert_retries_total", "counter", "Inserts put off because the database could not answer"),
    Metric("spanglass_set_aside_rows_total", "counter", "Rows the database will never accept", ("table",)),
    Metric("spanglass_contested_total", "counter", "Requests that another collector held too", ("outcome",)),
    Metric("spanglass_queue_bytes", "gauge", "Bytes waiting on disk"),
    Metric("spanglass_queue_rows", "gauge", "Rows waiting on disk"),
    Metric(
        "spanglass_queue_file_bytes", "gauge", "Bytes of the queue's files, with what is settled and not yet deleted"
    ),
    Metric("spanglass_queue_oldest_seconds", "gauge", "How long the oldest of what waits has waited; 0 for nothing"),
    Metric("spanglass_redaction_failures_total", "counter", "Values dropped because a rule failed on them", ("rule",)),
    Metric("spanglass_unpriced_spans_total", "counter", "Model calls with usage and without a known price"),
    Metric("spanglass_own_prices", "gauge", "Own prices known, of all projects"),
    Metric("spanglass_own_prices_unread_total", "counter", "Tries to read the own prices that failed"),
)


@dataclass(frozen=True, slots=True)
class Count:
    """One counter with its labels."""

    name: str
    labels: dict[str, str]
    value: float


M = TypeVar("M", Counter, Gauge, Histogram)
_KINDS = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}


@dataclass(frozen=True, slots=True)
class Metrics:
    """The table as live metrics, in a registry of their own, so that two collectors fit in one process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _by_name: dict[str, Counter | Gauge | Histogram] = field(default_factory=dict)
    _by_labels: dict[tuple[Any, ...], Counter | Gauge | Histogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for metric in METRICS:
            options: dict[str, Any] = {"buckets": metric.buckets} if metric.buckets else {}
            if metric.kind == "gauge":
                options["multiprocess_mode"] = "livemostrecent"  # set by whoever is asked, for all workers
            made = _KINDS[metric.kind](metric.name, metric.help, metric.labels, registry=self.registry, **options)
            self._by_name[metric.name] = made

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add ``amount`` to a counter. Raises KeyError for a name that is not in the table."""
        self._labelled(name, Counter, labels).inc(amount)

    def set(self, name: str, value: float) -> None:
        """Set a gauge."""
        self._of(name, Gauge).set(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Put one duration into a histogram."""
        self._labelled(name, Histogram, labels).observe(seconds)

    def counts(self) -> list[Count]:
        """Every counter as it stands, since the start; of several workers the sum."""
        return [
            Count(sample.name, dict(sample.labels), sample.value)
            for family in self._readable().collect()
            for sample in family.samples
            if family.type == "counter" and sample.name.endswith("_total")
        ]

    def _labelled(self, name: str, kind: type[M], labels: Mapping[str, str]) -> M:
        """The metric with these labels, which the library takes ten times as long to find."""
        key = name, *labels.items()
        found = self._by_labels.get(key)
        if found is None:
            metric = self._of(name, kind)
            found = self._by_labels[key] = metric.labels(**labels) if labels else metric
        return found  # type: ignore[return-value]

    def _of(self, name: str, kind: type[M]) -> M:
        metric = self._by_name[name]
        if not isinstance(metric, kind):
            msg = f"{name} is no {kind.__name__}"
            raise TypeError(msg)
        return metric

    def text(self) -> bytes:
        """Everything in Prometheus' text format; of several workers the sum."""
        return generate_latest(self._readable())

    def _readable(self) -> CollectorRegistry:
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            return self.registry
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry
