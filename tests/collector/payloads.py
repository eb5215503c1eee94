"""Recorded payloads of released libraries, and the truth beside each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded"
CORPUS = Path(__file__).parents[3] / "shared" / "data" / "otlp"
"""The whole collection lies beside the repository; ``RECORDED`` is the part of it that is in it."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One scenario of one library: an ``ExportTraceServiceRequest``, and what it really holds."""

    library: str
    scenario: str

    @property
    def body(self) -> bytes:
        return self.path(".pb").read_bytes()

    @property
    def truth(self) -> dict[str, Any]:
        return json.loads(self.path(".expect.json").read_text())

    def path(self, suffix: str) -> Path:
        return _root() / self.library / (self.scenario + suffix)

    def __str__(self) -> str:
        return f"{self.library}/{self.scenario}"


def payloads(*libraries: str) -> list[Payload]:
    """Payloads of these libraries, or of all, in order."""
    found = (
        Payload(path.parent.name, path.name.removesuffix(".expect.json")) for path in _root().glob("*/*.expect.json")
    )
    chosen = (each for each in found if not libraries or each.library in libraries)
    return sorted((each for each in chosen if each.path(".pb").exists()), key=str)


def _root() -> Path:
    return CORPUS if CORPUS.exists() else RECORDED
