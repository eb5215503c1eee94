"""Another product's schema as a value: where it keeps what the questions of ``make bench-queries`` need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spanglass_store.limits import Limits
from spanglass_store.query import Filters, Query, Window

LIMITS: Final = Limits(seconds=900.0, read_bytes=0, memory_bytes=6 * 2**30, result_rows=0)
MARGIN: Final = "toIntervalDay(1)"


def asked(name: str, sql: str) -> Query:
    """A query without a limit that could end it."""
    return Query(name, sql).limited(LIMITS)


def quoted(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def either(values: Iterable[str]) -> str:
    """A list of string literals for IN."""
    return f"({', '.join(map(quoted, values))})"


@dataclass(frozen=True, slots=True)
class Peer:
    """Tables and expressions of one schema.

    ``table`` holds all but long text, ``texts`` that too; ``always`` holds for every row of the project. ``fields`` has
    an expression for each name of ``FIELDS``; ``filters`` has better ways to say that a field is one of some values;
    ``attribute`` and ``metadata`` say that a key has one of some values; ``words`` and ``substring`` that a text has.
    ``judged`` is a query of (trace_id, score) of the traces ``ids`` around the times of ``page``; ``trace`` are the
    queries of one trace; ``quality`` the scores of a window: SELECT list given, and joined with what answered if grouped.
    """

    name: str
    table: str
    texts: str
    always: str
    fields: Mapping[str, str]
    filters: Mapping[str, Callable[[Sequence[str]], str]]
    attribute: Callable[[str, Sequence[str]], str]
    attribute_value: Callable[[str], str]
    has_attribute: Callable[[str], str]
    words: Callable[[str], str]
    substring: Callable[[str], str]
    newest: str
    judged: str
    trace: Callable[[str], Sequence[Query]]
    quality: Callable[[Window, str], str]
    bytes_of: Sequence[str]

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


@dataclass(frozen=True, slots=True)
class Found:
    """How traces are found, beside plain filters: by their ``text``, by ``also`` (conditions on spans), by ``having``
    (on a trace's totals); the largest ``order`` first, without it the newest.
    """

    text: str = ""
    also: str = ""
    having: str = ""
    order: str = ""


def between(column: str, window: Window) -> str:
    """The time is inside the window."""
    start, end = (f"fromUnixTimestamp64Nano({ns}, 'UTC')" for ns in (window.start_ns, window.end_ns))
    return f"{column} >= {start} AND {column} < {end}"


def _quantile(peer: Peer, value: str, condition: str, levels: Sequence[int], level: int) -> str:
    """One of several percentiles of the same values: the same text each time, so that it is made once."""
    shares = ", ".join(str(each / 100) for each in levels)
    return (
        f"arrayElement(quantilesTDigestIf({shares})(toFloat64({value}) / 1e9, {condition}), {levels.index(level) + 1})"
    )


def measures(peer: Peer) -> Mapping[str, str]:
    """The aggregates that give the product's measures, by name. Nothing here is sampled, so nothing is weighted."""
    call, llm, root, failed, priced = peer["call"], peer["llm"], peer["root"], peer["failed"], peer["priced"]
    trace, cost, tokens_in, tokens_out = peer["trace_id"], peer["cost"], peer["input_tokens"], peer["output_tokens"]
    three, two = (50, 95, 99), (50, 95)
    return {
        "calls": f"countIf({call})",
        "traces": f"uniq({trace})",
        "errors": f"countIf({call} AND {failed})",
        "error_ratio": f"countIf({call} AND {failed}) / nullIf(countIf({call}), 0)",
        "trace_errors": f"uniqIf({trace}, {failed})",
        "trace_error_ratio": f"uniqIf({trace}, {failed}) / nullIf(uniq({trace}), 0)",
        "cost_usd": f"if(countIf({call}) > 0 AND countIf({priced}) = 0, NULL, toFloat64(sum({cost})))",
        "unpriced_calls": f"countIf({call} AND NOT ({failed}) AND NOT ({priced}))",
        "cost_per_call_usd": f"toFloat64(sumIf({cost}, {call})) / nullIf(countIf({call} AND {priced}), 0)",
        "input_tokens": f"sum({tokens_in})",
        "output_tokens": f"sum({tokens_out})",
        "total_tokens": f"sum({tokens_in}) + sum({tokens_out})",
        **{f"latency_p{n}_seconds": _quantile(peer, peer["duration_ns"], llm, three, n) for n in three},
        **{f"trace_latency_p{n}_seconds": _quantile(peer, peer["duration_ns"], root, three, n) for n in three},
        **{
            f"time_to_first_token_p{n}_seconds": _quantile(peer, peer["first_token_ns"], peer["streamed"], two, n)
            for n in two
        },
        "output_tokens_per_second": f"sumIf({tokens_out}, {peer['answered']}) / nullIf(sumIf({peer['duration_ns']}, {peer['answered']}) / 1e9, 0)",
        "users": f"uniqIf({peer['user_id']}, {peer['user_id']} != '')",
        "sessions": f"uniqIf({peer['session_id']}, {peer['session_id']} != '')",
    }


def select(peer: Peer, names: Sequence[str]) -> str:
    known = measures(peer)
    return ", ".join(f"{known[name]} AS {name}" for name in names)


def _one_of(peer: Peer, field: str, values: Sequence[str]) -> str:
    if field in peer.filters:
        return peer.filters[field](values)
    return f"hasAny({peer['tag']}, {list(values)})" if field == "tag" else f"{peer[field]} IN {either(values)}"


def where(peer: Peer, window: Window, filters: Filters) -> str:
    """Rows of the window that pass the filters. The status is that of the whole trace; what is excluded is asked of spans:
    leave out only what all spans of a trace have in common.
    """
    time = between(peer["time"], window)
    parts = [peer.always, time]
    for field, values in filters.values:
        if field == "status":
            inside = "IN" if "error" in values else "NOT IN"
            failed = f"SELECT {peer['trace_id']} FROM {peer.table} WHERE {peer.always} AND {time} AND {peer['failed']}"
            parts.append(f"{peer['trace_id']} {inside} ({failed})")
        else:
            parts.append(_one_of(peer, field, values))
    parts += [f"NOT ({_one_of(peer, field, values)})" for field, values in filters.excluded]
    parts += [peer.attribute(key, values) for key, values in filters.attributes]
    return " AND ".join(parts)


def group_key(peer: Peer, field: str) -> str:
    """The expression that a field is grouped by: each tag of a span is in its own group."""
    return f"arrayJoin({peer['tag']})" if field == "tag" else peer[field]
