"""Runs a vendor's application against a collector and a provider, and reads what became of it."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from collector.waiting import until
from dropin.answers import CONVERSATION
from dropin.environments import python_with
from dropin.vendors import Address, Vendor
from sdk.servers import providing

APPLICATIONS = Path(__file__).parent / "applications"
KEPT = ("PATH", "HOME", "LANG")
"""Of our own environment, what an application is given: no setting of ours, none of OpenTelemetry's."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """The traces of a run; what the program printed and said to standard error."""

    traces: list[Json]
    printed: list[str]
    complaints: str

    @property
    def spans(self) -> list[Json]:
        """Earliest first."""
        return sorted(
            (span for trace in self.traces for span in trace["spans"]), key=lambda span: int(span["start_ns"])
        )

    @property
    def calls(self) -> list[Json]:
        """Those of a model, each by the span that counts."""
        return [span for span in self.spans if span["kind"] in {"llm", "embedding"} and span["usage_counted"]]


def record(vendor: Vendor, address: Address, client: httpx.Client) -> Recorded:
    """Run the application, and read its traces once everything that it sent is stored; ``client`` may read."""
    start_ns = time.time_ns()
    done = run(vendor, address)
    until(lambda: client.get("/api/v1/ledger").json()["queued"] == 0)
    rows = client.get("/api/v1/traces", params={"start_ns": start_ns}).json()["traces"]
    assert sum(row["spans"] for row in rows) == vendor.spans, done.stderr
    traces = [client.get(f"/api/v1/traces/{row['trace_id']}").json() for row in rows]
    return Recorded(traces, done.stdout.splitlines(), done.stderr)


def run(vendor: Vendor, address: Address) -> subprocess.CompletedProcess[str]:
    """The application as a process with the vendor's own settings, beside a provider that answers what is known."""
    python = python_with(vendor.environment)
    with providing() as provider:
        provider.replies.extend(CONVERSATION)
        environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "OPENAI_BASE_URL": f"{provider.url}/v1",
            "OPENAI_API_KEY": "sk-test",
            **vendor.settings(address),
        }
        done = subprocess.run(
            [*(python.with_name(word) for word in vendor.starter), python, APPLICATIONS / vendor.program],
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
