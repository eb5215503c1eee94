"""How long the product's questions take with ten million spans: ``make bench-queries``.

One embedded ClickHouse holds the data (``queries_data.py``), made by the server itself from seeded hashes. Every
question of ``queries_questions.py`` is asked in turn (``queries_timing.py``). The last line of standard output is JSON.

``SPANS`` (1e7), ``RUNS`` (7; the least runs of a question), ``ONLY`` (an expression: which questions), ``KEEP`` (a folder:
the data stays there, and the next run takes it), ``EXTRA_DDL`` (a file of statements for our database, carried out before
measuring), ``GROWTH`` (1; 0 leaves out the comparison with a tenth of the spans), ``MEMORY_GB`` (8, of the server).
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence

from queries_data import Plan
from queries_place import OURS, TENTH, Filled, extra_ddl, fill_ours, fill_tenth, say, server, value, wait_for_rest
from queries_questions import QUESTIONS, facts
from queries_timing import Timed, measured

from spanglass_store.connection import Store
from spanglass_store.query import Query

SPANS = int(float(os.environ.get("SPANS", "1e7")))
RUNS = int(os.environ.get("RUNS", "7"))
ONLY = os.environ.get("ONLY", "")
GROWTH = os.environ.get("GROWTH", "1") == "1"


def bytes_per_span(store: Store, spans: int) -> dict[str, float | None]:
    """What the tables of spans take on disk, all columns, indexes and projections."""
    indexes = f"SELECT sum(data_compressed_bytes + marks_bytes) FROM system.data_skipping_indices WHERE database = '{OURS}' AND table = 'spans' AND type_full LIKE 'text%'"
    ours = _on_disk(store, OURS, ["spans"])
    return {
        "ours": ours / spans,
        "ours_without_text_index": (ours - value(store, indexes)) / spans,
        "otel": None,
        "langfuse": None,
    }


def _on_disk(store: Store, database: str, tables: Sequence[str]) -> int:
    names = ", ".join(f"'{table}'" for table in tables)
    return value(
        store,
        f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '{database}' AND table IN ({names})",
    )


def told(timed: Mapping[tuple[str, str], Timed]) -> dict[str, dict[str, float | int | None]]:
    """The figures of each question."""
    figures: dict[str, dict[str, float | int | None]] = {}
    for name, question in QUESTIONS.items():
        if (name, OURS) not in timed:
            continue
        ours = timed[name, OURS]
        tenth = timed.get((name, TENTH))
        figures[name] = {
            "bar_ms": question.bar_ms,
            "ours_ms": round(ours.p50_ms, 1),
            "ours_p95_ms": round(ours.p95_ms, 1),
            "otel_ms": None,
            "langfuse_ms": None,
            "ours_cpu_ms": round(ours.cpu_p50_ms, 1),
            "otel_cpu_ms": None,
            "langfuse_cpu_ms": None,
            "growth": None if tenth is None else round(ours.p50_ms / tenth.p50_ms, 2),
            "runs": len(ours.wall_ms),
        }
    return figures


def table(figures: Mapping[str, Mapping[str, float | int | None]]) -> str:
    """The figures for people: those above their bar are marked."""
    names = ("bar_ms", "ours_ms", "ours_p95_ms", "ours_cpu_ms", "otel_cpu_ms", "langfuse_cpu_ms", "growth", "runs")
    lines = [f"{'':28}" + "".join(f"{name:>16}" for name in names)]
    for question, told in figures.items():
        values = (told[name] for name in names)
        slow = told["bar_ms"] is not None and (told["ours_ms"] or 0) > (told["bar_ms"] or 0)
        lines.append(f"{question:28}" + "".join(f"{'' if v is None else v:>16}" for v in values) + " !" * slow)
    return "\n".join(lines)


def main() -> None:
    plan = Plan(SPANS)
    began = time.monotonic()
    with (
        server(os.environ.get("KEEP")) as engine,
        Store(engine.url()) as ours,
        Store(engine.url(database=TENTH)) as tenth,
    ):
        assert engine.pid is not None
        done = Filled(ours, plan)
        fill_ours(ours, plan, done)
        if GROWTH:
            fill_tenth(tenth, done)
        say(f"data: {time.monotonic() - began:.0f} s")
        if path := os.environ.get("EXTRA_DDL"):
            extra_ddl(ours, path)
        wait_for_rest(ours)
        spans = value(ours, "SELECT count() FROM spans")
        say(f"{spans:,} spans at rest: {time.monotonic() - began:.0f} s")
        known = facts(ours, plan)
        asked: dict[tuple[str, str], tuple[Store, Sequence[Query]]] = {}
        for name, question in QUESTIONS.items():
            if not re.search(ONLY, name):
                continue
            asked[name, OURS] = (ours, question.ours(known))
            if GROWTH and question.grows:
                asked[name, TENTH] = (tenth, question.ours(known))
        figures = told(measured(asked, engine.pid, RUNS, say))
        sizes = bytes_per_span(ours, spans)
        say(f"all: {time.monotonic() - began:.0f} s")
    print(table(figures), file=sys.stderr)
    out = {
        "bench": "queries",
        "spans": spans,
        "queries": figures,
        "bytes_per_span": {name: None if size is None else round(size, 1) for name, size in sizes.items()},
    }
    print(json.dumps(out))


if __name__ == "__main__":
    main()
