"""What a collector says of itself, read and made ready to be drawn: its ledger, its last hour, what it refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict

from spanglass_dashboard.buckets import utc
from spanglass_store.query import Window

NS: Final = 10**9
LEAST_DRAWN_SECONDS: Final = 600
NOW_SECONDS: Final = 60
"""What a rate of now is the mean of."""
PLACES: Final = ("stored", "queued", "duplicate", "rejected", "set_aside")
"""Where a record that was received can be; together they are all that was."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Queue(_Told):
    """What waits on disk. ``file_bytes`` counts what is settled and not yet deleted too."""

    rows: int
    bytes: int
    max_bytes: int
    file_bytes: int
    oldest_seconds: float | None


class Counter(_Told):
    """One of Prometheus' counters, since the collector started."""

    name: str
    labels: dict[str, str]
    value: float


class Look(_Told):
    """One moment of the last hour: records received and stored until then, rows and bytes that waited."""

    at_ns: int
    received: int
    stored: int
    rows: int
    size_bytes: int


class Status(_Told):
    """The answer of ``/api/v1/status``. Raises pydantic's ValidationError, a ValueError, for anything else."""

    at_ns: int
    collector: str
    ready: bool
    problems: tuple[str, ...]
    ledger: dict[str, dict[str, int]]
    queue: Queue
    counters: tuple[Counter, ...]
    look_seconds: float
    history: tuple[Look, ...]


class Aside(_Told):
    """One request that the database refused for good."""

    id: str
    table: str
    rows: int
    bytes: int
    at_ns: int
    reason: str

    @property
    def cause(self) -> str:
        """What ClickHouse said, without what the driver put before it."""
        return self.reason.partition("DB::Exception: ")[2] or self.reason


class AsideList(_Told):
    """The answer of ``/api/v1/set_aside``: the newest of ``count``."""

    count: int
    items: tuple[Aside, ...]


def ledger_frame(ledger: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """One row a table, and their sum where there are several: ``table``, ``received``, each of PLACES, ``missing``.

    ``missing`` is what was received and is nowhere: 0, or something is wrong.
    """
    rows = [{"table": table, **counts} for table, counts in sorted(ledger.items())]
    frame = pd.DataFrame(rows, columns=["table", "received", *PLACES])
    if len(frame) > 1:
        total = {"table": "all", **frame.drop(columns="table").sum().to_dict()}
        frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    return frame.assign(missing=frame["received"] - frame[list(PLACES)].sum(axis=1))


def rates(status: Status) -> pd.DataFrame:
    """The last hour: ``bucket`` (UTC), records a second ``received`` and ``stored`` since the look before (nothing after
    a gap), and the ``rows`` that waited.
    """
    looks = pd.DataFrame([look.model_dump() for look in status.history], columns=list(Look.model_fields))
    seconds = looks["at_ns"].diff() / NS
    is_gap = seconds > 3 * status.look_seconds
    per_second = looks[["received", "stored"]].diff().clip(lower=0).div(seconds, axis=0).mask(is_gap)
    return per_second.assign(bucket=utc(looks["at_ns"]), rows=looks["rows"].astype(float))


def drawn_window(status: Status) -> Window:
    """From the first look until now, at least LEAST_DRAWN_SECONDS."""
    first_ns = min([look.at_ns for look in status.history[:1]], default=status.at_ns)
    return Window(min(first_ns, status.at_ns - LEAST_DRAWN_SECONDS * NS), status.at_ns)


def rate_now(status: Status, what: str) -> float | None:
    """Records a second over the last minute: ``received`` or ``stored``. None before there are two looks."""
    if not status.history:
        return None
    last = status.history[-1]
    first = next(look for look in status.history if look.at_ns >= last.at_ns - NOW_SECONDS * NS)
    seconds = (last.at_ns - first.at_ns) / NS
    return max(0, getattr(last, what) - getattr(first, what)) / seconds if seconds else None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that was refused or had to wait, how often since the start, and what it means."""

    what: str
    count: int
    meaning: str


_STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "400": ("Requests that cannot be read", "Their senders should not send them again."),
    "401": ("Requests without a known key", "Make keys with `spanglass keys create`."),
    "403": ("Requests with a key of another scope", "Sending takes a key with the scope ingest."),
    "413": ("Requests that are too large", "Send fewer spans in one, or raise SPANGLASS_MAX_…_BYTES."),
    "415": ("Requests of an unknown type or encoding", "Protobuf and JSON are read; plain, gzip, deflate, zstd."),
    "429": ("Requests told to slow down", "The queue was full, or their key sent too much."),
    "503": ("Requests told to come again", "The disk, the memory or the sender's own pace did not suffice."),
}
_COUNTERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "spanglass_rate_limited_total": ("limit", "Keys over their limit of {}", "Asked to come back later."),
    "spanglass_slow_connections_total": (
        "waiting_for",
        "Connections closed without their {}",
        "It did not come in time.",
    ),
    "spanglass_insert_retries_total": ("", "Inserts put off", "ClickHouse could not answer; they were tried again."),
    "spanglass_contested_total": ("outcome", "Requests another collector had too: {}", "Stored once, by one of them."),
    "spanglass_redaction_failures_total": ("rule", "Values dropped: rule {} failed on them", "Look at the rule."),
    "spanglass_own_prices_unread_total": ("", "Own prices could not be read", "Those read before stay in use."),
}


def troubles(counters: Iterable[Counter]) -> list[Trouble]:
    """What was refused or had to wait, most often first; nothing that never happened."""
    found: dict[tuple[str, str], int] = {}
    for counter in counters:
        if told := _told(counter):
            found[told] = found.get(told, 0) + round(counter.value)
    ordered = sorted(found.items(), key=lambda each: -each[1])
    return [Trouble(what, count, meaning) for (what, meaning), count in ordered if count]


def _told(counter: Counter) -> tuple[str, str] | None:
    if counter.name == "spanglass_requests_total":
        return _STATUSES.get(counter.labels.get("status", ""))
    if counter.name not in _COUNTERS:
        return None
    label, what, meaning = _COUNTERS[counter.name]
    return what.format(counter.labels.get(label, "")), meaning
