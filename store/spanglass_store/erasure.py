"""Deleting for good, carried out: found, remembered, removed, looked for again.

What is to go is remembered before anything is removed, so that whatever ends early, the command or the database, the
next ``erase_again`` does the rest; it does the same with rows that arrive late.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from spanglass_store import deletion
from spanglass_store.cluster import kept_in
from spanglass_store.connection import Store
from spanglass_store.deletion import Deletion, Doomed, Subject
from spanglass_store.errors import StoreUnavailable
from spanglass_store.layout import run
from spanglass_store.mutations import Tell, carry_out, layout_of_all, silent
from spanglass_store.queries.mutations import Mutation, clean_up, old_parts, server_time
from spanglass_store.query import Query

MAX_ROUNDS: Final = 5
"""How often rows that arrive while others are removed are removed as well."""


def doomed_by(
    store: Store, project: str, subject: Subject, values: Sequence[str], *, before_ns: int = deletion.ALWAYS_NS
) -> Doomed:
    """What goes with these users, sessions or traces of a project. Changes nothing."""
    if subject == "trace":
        return Doomed(project, tuple(values), before_ns=before_ns)
    asked = deletion.traces_of(project, subject, values, before_ns=before_ns)
    traces = tuple(_column(store, asked, "trace_id"))
    doomed = Doomed(project, traces, before_ns=before_ns)
    if subject == "session":
        return replace(doomed, sessions=tuple(values))
    together = replace(doomed, sessions=tuple(_column(store, deletion.sessions_of(doomed), "session_id")))
    shared = set(_column(store, deletion.shared_sessions(together), "session_id"))
    return replace(doomed, sessions=tuple(session for session in together.sessions if session not in shared))


def count(store: Store, doomed: Doomed) -> dict[str, int]:
    """Rows that are to go, by table."""
    return {table: sum(place["rows"] for place in _places(store, table, doomed)) for table in deletion.TABLES}


def remember(store: Store, doomed: Doomed, subject: Subject, values: Sequence[str], *, at_ns: int) -> None:
    """Note what is to go, so that it goes again where it arrives late."""
    deletion_id = secrets.token_hex(8)
    named: dict[tuple[Subject, str], None] = dict.fromkeys((subject, value) for value in values)
    named |= dict.fromkeys(("session", session) for session in doomed.sessions)
    named |= dict.fromkeys(("trace", trace) for trace in doomed.traces)
    noted = [Deletion(doomed.project, kind, value, deletion_id, at_ns) for kind, value in named]
    store.insert(deletion.block_from_deletions(noted), token=deletion_id)


def erase(store: Store, doomed: Doomed, tell: Tell = silent) -> dict[str, int]:
    """Remove what is to go from every table; rows removed, by table. Nothing of it is in the tables any more then.

    Raises MutationFailed where the database cannot, StoreUnavailable where rows keep arriving faster than they go.
    """
    removed = dict.fromkeys(deletion.TABLES, 0)
    for _ in range(MAX_ROUNDS):
        places = [(table, place) for table in deletion.TABLES for place in _places(store, table, doomed)]
        if not places:
            return removed
        carry_out(store, [mutation for table, place in places for mutation in _clearing(table, doomed, place)], tell)
        for table, place in places:
            removed[table] += place["rows"]
    msg = "rows of what was deleted keep arriving: stop who sends them, then delete again"
    raise StoreUnavailable(msg)


def erase_again(store: Store) -> dict[str, int]:
    """Remove what has arrived of everything that was deleted within thirty days; rows removed, by table.

    A trace goes whenever it arrives. Of a user or a session goes what began before it was deleted.
    """
    removed = dict.fromkeys(deletion.TABLES, 0)
    noted = [deletion.deletion_from_row(row) for row in store.fetch_rows(deletion.all_deletions())]
    for project, of_project in groupby(noted, key=lambda each: each.project):
        for doomed in _late(store, project, list(of_project)):
            for table, rows in erase(store, doomed).items():
                removed[table] += rows
    return removed


def wait_for_files(store: Store, *, timeout_seconds: float) -> bool:
    """Whether the files that have been replaced until now left the disk in time: they hold what was deleted.

    ClickHouse keeps them for ``old_parts_lifetime`` seconds: 480 on a server, 0 where it is embedded.
    """
    deadline = time.monotonic() + timeout_seconds
    cluster = layout_of_all(store)
    before = store.fetch_rows(server_time())[0]["seconds"]
    while True:
        for table in deletion.TABLES:
            run(store, cluster, clean_up(table).sql)
        left = (old_parts(kept_in(table, cluster), before=before, cluster=cluster) for table in deletion.TABLES)
        if not any(store.fetch_rows(each)[0]["parts"] for each in left):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(1.0)


def _late(store: Store, project: str, noted: Sequence[Deletion]) -> Iterable[Doomed]:
    known = {each.value for each in noted if each.subject == "trace"}
    if known:
        yield Doomed(project, tuple(sorted(known)))
    named = sorted((each.at_ns, each.subject, each.value) for each in noted if each.subject != "trace")
    for (at_ns, subject), together in groupby(named, key=lambda each: each[:2]):
        values = [value for _, _, value in together]
        doomed = doomed_by(store, project, subject, values, before_ns=at_ns)
        if new := tuple(trace for trace in doomed.traces if trace not in known):
            remember(store, replace(doomed, traces=new), subject, values, at_ns=at_ns)
        yield doomed


def _clearing(table: str, doomed: Doomed, place: Mapping[str, Any]) -> Iterable[Mutation]:
    named = [("traces", trace) for trace in place["traces"]] + [("sessions", session) for session in place["sessions"]]
    for batch in _batches(named):
        traces, sessions = ([value for kind, value in batch if kind == wanted] for wanted in ("traces", "sessions"))
        marker = f"deletion_{secrets.token_hex(8)}"
        yield deletion.delete(table, doomed, place["partition"], traces, sessions, marker=marker)


def _batches(named: Iterable[tuple[str, str]]) -> Iterable[list[tuple[str, str]]]:
    """The ids in as many statements as they need."""
    batch: list[tuple[str, str]] = []
    size = 0
    for each in named:
        more = len(each[1].encode()) + 4
        if batch and size + more > deletion.MAX_IDS_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += more
    if batch:
        yield batch


def _places(store: Store, table: str, doomed: Doomed) -> list[dict[str, Any]]:
    return store.fetch_rows(deletion.found(table, doomed)) if doomed.traces or doomed.sessions else []


def _column(store: Store, asked: Query, name: str) -> list[str]:
    return [value for sheet in store.sheets(asked) for value in sheet.columns[name]]
