"""How long the product's questions take with ten million spans: ``make bench-queries``.

One embedded ClickHouse holds the data (``queries_data.py``), made by the server itself from seeded hashes. Every
question of ``queries_questions.py`` is asked in turn (``queries_timing.py``), also of the OpenTelemetry exporter's and of
Langfuse's tables, filled from the same rows (``queries_otel.py``, ``queries_langfuse.py``); where their answers are not
ours, it fails (``queries_answers.py``). The last line of standard output is JSON.

``SPANS`` (1e7), ``RUNS`` (7; the least runs of a question), ``ONLY`` (an expression: which questions), ``KEEP`` (a folder:
the data stays there, and the next run takes it), ``EXTRA_DDL`` (a file of statements for our database and its tenth,
carried out before measuring), ``SCHEMAS`` (otel,langfuse; none: ours alone), ``GROWTH`` (1; 0 leaves out the comparison with a tenth of the
spans), ``MEMORY_GB`` (8, of the server).
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import queries_langfuse
import queries_otel
from queries_answers import Rows, differences
from queries_data import Plan
from queries_kinds import PARTS, Facts
from queries_place import (
    OURS,
    TENTH,
    WORK,
    Filled,
    extra_ddl,
    fill_ours,
    fill_peer,
    fill_tenth,
    patient,
    say,
    server,
    settle,
    value,
    wait_for_rest,
)
from queries_questions import QUESTIONS, facts
from queries_timing import Timed, measured

from spanglass_store.connection import Store
from spanglass_store.query import Query

SPANS = int(float(os.environ.get("SPANS", "1e7")))
RUNS = int(os.environ.get("RUNS", "7"))
ONLY = os.environ.get("ONLY", "")
GROWTH = os.environ.get("GROWTH", "1") == "1"
CHOSEN = os.environ.get("SCHEMAS", "otel,langfuse")
PEERS = {name: schema for name, schema in (("otel", queries_otel), ("langfuse", queries_langfuse)) if name in CHOSEN}

Asked = dict[tuple[str, str], tuple[Store, Sequence[Query]]]


def on_disk(store: Store, database: str, tables: Sequence[str]) -> int:
    """Bytes of the tables, all columns, indexes and projections."""
    names = ", ".join(f"'{table}'" for table in tables)
    return value(
        store,
        f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '{database}' AND table IN ({names})",
    )


def bytes_per_span(store: Store, spans: int) -> dict[str, float | None]:
    """What the tables of spans take on disk; scores are not in it."""
    indexes = (
        "SELECT sum(data_compressed_bytes + marks_bytes) FROM system.data_skipping_indices "
        f"WHERE database = '{OURS}' AND table = 'spans' AND type_full LIKE 'text%'"
    )
    ours = on_disk(store, OURS, ["spans"])
    sizes = {"ours": ours, "ours_without_text_index": ours - value(store, indexes)}
    sizes |= {name: on_disk(store, name, schema.PEER.bytes_of) for name, schema in PEERS.items()}
    return {name: round(sizes[name] / spans, 1) if name in sizes else None for name in (*sizes, "otel", "langfuse")}


def questions(stores: Mapping[str, Store], known: Facts) -> Asked:
    """Every question that was chosen, by its name and the schema it is put to."""
    asked: Asked = {}
    for name, question in QUESTIONS.items():
        if not re.search(ONLY, name):
            continue
        asked[name, OURS] = (stores[OURS], question.ours(known))
        if GROWTH and question.grows:
            asked[name, TENTH] = (stores[TENTH], question.ours(known))
        if question.theirs is not None:
            for peer, schema in PEERS.items():
                asked[name, peer] = (stores[peer], question.theirs(schema.PEER, known))
    return asked


def disagreements(asked: Asked) -> dict[str, list[str]]:
    """Where another schema's answer is not ours, by question and schema."""
    found: dict[str, list[str]] = {}
    ours: dict[str, list[Rows]] = {}
    for (name, schema), (store, queries) in asked.items():
        if schema == TENTH or (name, next(iter(PEERS), "")) not in asked:
            continue
        rows = [store.fetch_rows(each) for each in queries]
        if schema == OURS:
            ours[name] = rows
            continue
        told = [
            sentence for mine, other in zip(ours[name], rows, strict=False) for sentence in differences(mine, other)
        ]
        if told:
            found[f"{name}, {schema}"] = told
    return found


def figures_of(timed: Mapping[tuple[str, str], Timed]) -> dict[str, dict[str, Any]]:
    """The figures of each question. The overview page of another schema is the sum of its parts, which are measured."""
    figures: dict[str, dict[str, Any]] = {}
    for name, question in QUESTIONS.items():
        if (name, OURS) not in timed:
            continue
        parts = [name] if question.theirs else [f"{name}_{part}" for part in PARTS]
        theirs = {peer: [timed[part, peer] for part in parts if (part, peer) in timed] for peer in ("otel", "langfuse")}
        whole = {peer: each if len(each) == len(parts) else None for peer, each in theirs.items()}
        ours, tenth = timed[name, OURS], timed.get((name, TENTH))
        figures[name] = {
            "bar_ms": question.bar_ms,
            "ours_ms": round(ours.p50_ms, 1),
            "ours_p95_ms": round(ours.p95_ms, 1),
            **{f"{peer}_ms": each and round(sum(part.p50_ms for part in each), 1) for peer, each in whole.items()},
            "ours_cpu_ms": round(ours.cpu_p50_ms, 1),
            **{
                f"{peer}_cpu_ms": each and round(sum(part.cpu_p50_ms for part in each), 1)
                for peer, each in whole.items()
            },
            "growth": tenth and round(ours.p50_ms / tenth.p50_ms, 2),
            "runs": len(ours.wall_ms),
        }
    return figures


def table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures for people. ``!``: above its bar; ``<``: another schema takes less CPU; ``x``: grows too much."""
    names = (
        "bar_ms",
        "ours_ms",
        "ours_p95_ms",
        "otel_ms",
        "langfuse_ms",
        "ours_cpu_ms",
        "otel_cpu_ms",
        "langfuse_cpu_ms",
        "growth",
        "runs",
    )
    lines = [f"{'':26}" + "".join(f"{name:>16}" for name in names)]
    for question, told in figures.items():
        others = [told[name] for name in ("otel_cpu_ms", "langfuse_cpu_ms") if told[name] is not None]
        marks = {
            "!": told["bar_ms"] is not None and told["ours_ms"] > told["bar_ms"],
            "<": bool(others) and told["ours_cpu_ms"] > min(others),
            "x": told["growth"] is not None and told["growth"] > 2,
        }
        values = "".join(f"{'' if told[name] is None else told[name]:>16}" for name in names)
        lines.append(f"{question:26}{values} {''.join(mark for mark, holds in marks.items() if holds)}")
    return "\n".join(lines)


def main() -> None:
    plan = Plan(SPANS)
    began = time.monotonic()
    with ExitStack() as stack:
        engine = stack.enter_context(server(os.environ.get("KEEP")))
        assert engine.pid is not None
        stores = {name: stack.enter_context(patient(engine, name)) for name in (OURS, TENTH, WORK, *PEERS)}
        ours = stores[OURS]
        done = Filled(ours, plan)
        fill_ours(ours, stores[WORK], plan, done)
        for name, schema in PEERS.items():
            fill_peer(stores[name], done, schema)
        if GROWTH:
            fill_tenth(stores[TENTH], done)
        say(f"data: {time.monotonic() - began:.0f} s")
        if path := os.environ.get("EXTRA_DDL"):
            for each in (ours, stores[TENTH]) if GROWTH else (ours,):
                extra_ddl(each, path)
        for each in (ours, stores[TENTH]) if GROWTH else (ours,):
            settle(each, done)
        wait_for_rest(ours)
        spans = value(ours, "SELECT count() FROM spans")
        say(f"{spans:,} spans at rest: {time.monotonic() - began:.0f} s")
        asked = questions(stores, facts(ours, plan))
        differ = disagreements(asked)
        say(f"answers compared: {len(differ)} differ, {time.monotonic() - began:.0f} s")
        at_once = {name for name, question in QUESTIONS.items() if question.at_once}
        figures = figures_of(measured(asked, engine.pid, RUNS, say, at_once))
        sizes = bytes_per_span(ours, spans)
        say(f"all: {time.monotonic() - began:.0f} s")
    print(table(figures), file=sys.stderr)
    print(
        json.dumps(
            {"bench": "queries", "spans": spans, "queries": figures, "bytes_per_span": sizes, "disagree": differ}
        )
    )
    if differ:
        sys.exit("\n".join(f"{where}: {'; '.join(told)}" for where, told in differ.items()))


if __name__ == "__main__":
    main()
