"""Deleting for good what belongs to a user, a session or a trace: what that is, where it lies, what removes it. Pure.

The unit is the trace: of a user or a session go all traces in which any span, or any log record of one, names it, because the spans around it
hold the same texts without naming anybody. Scores and notes go with their trace; those of a session go with the session,
and with a user go the sessions that nobody else had a part in.

What was deleted stays in the table ``deletions`` for thirty days, so that it is deleted again where it arrives late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from spanglass_store import annotations as notes
from spanglass_store import scores
from spanglass_store.limits import BULK
from spanglass_store.native import Block, block_from_columns
from spanglass_store.queries.mutations import Mutation
from spanglass_store.query import Query, Sent, query
from spanglass_store.retention import KEPT_TABLES
from spanglass_store.rows import read_list
from spanglass_store.span_details import FILLED

Subject = Literal["user", "session", "trace"]
NAMED_BY: Final[Mapping[Subject, str]] = {"user": "user_id", "session": "session_id"}
ALWAYS_NS: Final = 2**63 - 1
"""A time that everything was before."""
MAX_IDS_BYTES: Final = 100_000
"""Ids in one statement: ClickHouse takes 128 KiB of a parameter, and 256 KiB of a statement."""
OF_SESSIONS: Final = frozenset({"scores", "annotations"})
"""Tables whose rows may be of a session alone."""
TABLES: Final = tuple(reversed(tuple(KEPT_TABLES)))
"""In the order in which they are cleared: spans last, because they say which traces are whose."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """One thing that was deleted. ``value`` is the user's or the session's id, or the trace's as lower-case hex."""

    project: str
    subject: Subject
    value: str
    deletion_id: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Doomed:
    """What is to go, of one project: traces by their hex ids, and sessions, whose own scores and notes go as far as they
    are older than ``before_ns``.
    """

    project: str
    traces: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    before_ns: int = ALWAYS_NS

    @property
    def sent(self) -> tuple[Sent, ...]:
        """The ids as tables of a query: ``doomed_traces`` and ``doomed_sessions``."""
        return (
            Sent("doomed_traces", "trace_id FixedString(16)", "RowBinary", bytes.fromhex("".join(self.traces))),
            _sent_names("doomed_sessions", "session_id", self.sessions),
        )


def block_from_deletions(deletions: Sequence[Deletion]) -> Block:
    """Rows of ``deletions``. The same subject again replaces the older one."""
    columns: list[tuple[str, str, Sequence[Any]]] = [
        ("project", "String", [d.project for d in deletions]),
        ("subject", "String", [d.subject for d in deletions]),
        ("value", "String", [d.value for d in deletions]),
        ("deletion_id", "String", [d.deletion_id for d in deletions]),
        ("at", "DateTime64(9, 'UTC')", [d.at_ns for d in deletions]),
    ]
    return block_from_columns("deletions", columns)


def all_deletions(project: str | None = None) -> Query:
    """What was deleted within thirty days, for ``deletion_from_row``; of every project if None. Reads ``deletions``.

    Grain: one row a subject.
    """
    where = "WHERE project = {project:String}" if project is not None else ""
    return query(
        "deletions",
        f"""
        SELECT project, subject, value, deletion_id, toUnixTimestamp64Nano(at) AS at_ns FROM deletions FINAL {where}
        ORDER BY project, subject, value
        """,
        **({} if project is None else {"project": project}),
    )


def deletion_from_row(row: Mapping[str, Any]) -> Deletion:
    """The Deletion of a row of ``all_deletions``."""
    return Deletion(**row)


def traces_of(project: str, subject: Subject, values: Iterable[str], *, before_ns: int = ALWAYS_NS) -> Query:
    """Traces in which a user or a session is named by a span or a record that began before a time. Reads ``spans``, by
    the index on the id, and ``span_details``. Grain: one row a trace. Column: ``trace_id`` (hex).
    """
    named = (
        f"project = {{project:String}} AND {NAMED_BY[subject]} IN named "
        "AND start_time < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC')"
    )
    asked = query(
        f"traces of a {subject}",
        f"""
        SELECT DISTINCT lower(hex(trace_id)) AS trace_id FROM
        (
            SELECT trace_id FROM spans WHERE {named}
            UNION ALL
            SELECT trace_id FROM span_details WHERE {named}
        )
        """,
        project=project,
        before_ns=before_ns,
    )
    return replace(asked, sent=(_sent_names("named", NAMED_BY[subject], tuple(values)),), limits=BULK)


def sessions_of(doomed: Doomed) -> Query:
    """Sessions that these traces are in. Reads ``spans``. Grain: one row a session. Column: ``session_id``."""
    return _sending(
        doomed,
        query(
            "sessions of traces",
            "SELECT DISTINCT session_id FROM spans "
            "WHERE project = {project:String} AND trace_id IN doomed_traces AND session_id != ''",
            project=doomed.project,
        ),
    )


def shared_sessions(doomed: Doomed) -> Query:
    """Those of the doomed sessions that other traces are in as well. Reads ``spans``. Column: ``session_id``.

    Grain: one row a session.
    """
    return _sending(
        doomed,
        query(
            "sessions of other traces too",
            "SELECT DISTINCT session_id FROM spans "
            "WHERE project = {project:String} AND session_id IN doomed_sessions AND trace_id NOT IN doomed_traces",
            project=doomed.project,
        ),
    )


def found(table: str, doomed: Doomed) -> Query:
    """Where rows of what is to go lie in a table. Reads that table. Grain: one row a partition.

    Columns: ``partition`` (its id), ``rows``, ``traces`` and ``sessions`` (the ids by which they are found there).
    """
    sessions = f"if({_session_is_old(table)} AND session_id IN doomed_sessions, session_id, '')"
    by_session = table in OF_SESSIONS
    return _sending(
        doomed,
        query(
            f"what is to go of {table}",
            f"""
            SELECT _partition_id AS partition, count() AS rows,
            arraySort(groupUniqArrayIf(lower(hex(trace_id)), trace_id IN doomed_traces)) AS traces,
            {f"arraySort(arrayFilter(s -> s != '', groupUniqArray({sessions})))" if by_session else "[]"} AS sessions
            FROM {table}
            WHERE project = {{project:String}} AND
            (trace_id IN doomed_traces{f" OR ({_session_is_old(table)} AND session_id IN doomed_sessions)" if by_session else ""})
            GROUP BY partition ORDER BY partition
            """,
            project=doomed.project,
            **({"before_ns": doomed.before_ns} if by_session else {}),
        ),
    )


def delete(
    table: str, doomed: Doomed, partition: str, traces: Sequence[str], sessions: Sequence[str], *, marker: str
) -> Mutation:
    """Removes rows of these traces and of these sessions from one partition, by writing its parts anew without them.

    The ids have at most ``MAX_IDS_BYTES``, with four more each. ``marker`` is a word that nobody else uses.
    """
    which = ["lower(hex(trace_id)) IN {traces:Array(String)}"] if traces else []
    params: dict[str, Any] = {"traces": tuple(traces)} if traces else {}
    if sessions:
        which.append(f"({_session_is_old(table)} AND session_id IN {{sessions:Array(String)}})")
        params |= {"sessions": tuple(sessions), "before_ns": doomed.before_ns}
    statement = query(
        f"delete from {table}",
        f"""
        ALTER TABLE {table} DELETE IN PARTITION ID {{partition:String}}
        WHERE project = {{project:String}} AND ({" OR ".join(which)}) AND {{marker:String}} != ''
        SETTINGS mutations_sync = 0
        """,
        project=doomed.project,
        partition=partition,
        marker=marker,
        **params,
    )
    return Mutation(table, marker, statement)


_READ: Final[Mapping[str, str]] = {
    "spans": read_list(),
    "span_details": "lower(hex(trace_id)) AS trace_id, lower(hex(span_id)) AS span_id, "
    f"toUnixTimestamp64Nano(start_time) AS start_ns, name, {', '.join(FILLED)}",
    "scores": scores.READ_LIST,
    "annotations": notes.READ_LIST,
}


def rows(table: str, doomed: Doomed) -> Query:
    """The rows of what is to go, for ``Store.sheets``: of spans as ``rows.span_from_row`` understands them, of scores
    and notes as theirs do, of records with their texts. Reads that table. Grain: one row a row.
    """
    by_session = table in OF_SESSIONS
    return _sending(
        doomed,
        query(
            f"rows to go of {table}",
            f"""
            SELECT {_READ[table]} FROM {table} {"FINAL" if table != "spans" else ""}
            WHERE {table}.project = {{project:String}} AND
            ({table}.trace_id IN doomed_traces{f" OR ({_session_is_old(table)} AND session_id IN doomed_sessions)" if by_session else ""})
            """,
            project=doomed.project,
            **({"before_ns": doomed.before_ns} if by_session else {}),
        ),
    )


def _session_is_old(table: str) -> str:
    return f"{KEPT_TABLES[table]} < fromUnixTimestamp64Nano({{before_ns:Int64}}, 'UTC')"


def _sending(doomed: Doomed, asked: Query) -> Query:
    return replace(asked, sent=tuple(each for each in doomed.sent if f"IN {each.name}" in asked.sql), limits=BULK)


def _sent_names(table: str, column: str, values: Sequence[str]) -> Sent:
    """Texts as a table of a query: of any number, where a parameter has its limit."""
    return Sent(
        table, f"{column} String", "Native", bytes(block_from_columns(table, [(column, "String", values)]).body)
    )
