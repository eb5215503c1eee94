"""Another product's schema as a value, and the questions of ``make bench-queries`` put to it.

A peer says where it keeps what a question needs: expressions of its tables. The shapes of the queries are the best we
know: what several columns need is read once, a page of traces is found once, and the rest is read around its times.
"""

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
    words: Callable[[str], str]
    substring: Callable[[str], str]
    newest: str
    judged: str
    trace: Callable[[str], Sequence[Query]]
    quality: Callable[[Window, str], str]
    bytes_of: Sequence[str]

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


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


def _select(peer: Peer, names: Sequence[str]) -> str:
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


def totals(
    peer: Peer, names: Sequence[str], window: Window, filters: Filters, group: str | None = None, limit: int = 50
) -> Query:
    """As the product's ``measures.totals``."""
    key = "" if group is None else f"{_group(peer, group)} AS group, "
    tail = "" if group is None else f"GROUP BY group ORDER BY {names[0]} DESC NULLS LAST, group LIMIT {limit}"
    return asked(
        "totals", f"SELECT {key}{_select(peer, names)} FROM {peer.table} WHERE {where(peer, window, filters)} {tail}"
    )


def series(peer: Peer, names: Sequence[str], window: Window, seconds: int, group: str | None = None) -> Query:
    """As the product's ``measures.series``."""
    key = "" if group is None else f"{_group(peer, group)} AS group, "
    keys = "bucket" if group is None else "bucket, group"
    bucket = f"toDateTime64(toStartOfInterval({peer['time']}, toIntervalSecond({seconds}), 'UTC'), 3, 'UTC')"
    return asked(
        "series",
        f"SELECT {bucket} AS bucket, {key}{_select(peer, names)} FROM {peer.table} "
        f"WHERE {where(peer, window, Filters())} GROUP BY {keys} ORDER BY {keys}",
    )


def compared(peer: Peer, names: Sequence[str], window: Window) -> Query:
    """As the product's ``overview.compared``: both windows in one reading."""
    both = Window(window.previous().start_ns, window.end_ns)
    now = f"{peer['time']} >= fromUnixTimestamp64Nano({window.start_ns}, 'UTC')"
    shown = ", ".join(
        f"anyIf({name}, is_now) AS {name}, anyOrNullIf({name}, NOT is_now) AS {name}_before" for name in names
    )
    return asked(
        "compared",
        f"SELECT {shown} FROM (SELECT {now} AS is_now, {_select(peer, names)} FROM {peer.table} "
        f"WHERE {where(peer, both, Filters())} GROUP BY is_now) SETTINGS prefer_column_name_to_alias = 1",
    )


def top(peer: Peer, field: str, names: Sequence[str], window: Window, limit: int) -> Query:
    """As the product's ``top.top``: both windows in one reading."""
    both = Window(window.previous().start_ns, window.end_ns)
    now = f"{peer['time']} >= fromUnixTimestamp64Nano({window.start_ns}, 'UTC')"
    keys = {"group": _group(peer, "prompt_name" if field == "prompt" else field)}
    if field == "prompt":
        keys["version"] = peer["prompt_version"]
    grouped = ", ".join(f"{expression} AS {key}" for key, expression in keys.items())
    by, by_value = ", ".join(keys), ", ".join(keys.values())
    shown = ", ".join(
        f"anyIf({name}, is_now) AS {name}, anyOrNullIf({name}, NOT is_now) AS {name}_before" for name in names
    )
    return asked(
        f"top {field}",
        f"SELECT * FROM (SELECT {by}, {shown} FROM (SELECT {now} AS is_now, {grouped}, {_select(peer, names)} "
        f"FROM {peer.table} WHERE {where(peer, both, Filters())} GROUP BY is_now, {by_value}) WHERE group != '' GROUP BY {by} "
        f"HAVING max(is_now)) ORDER BY {names[0]} DESC NULLS LAST, {by} LIMIT {limit} "
        "SETTINGS prefer_column_name_to_alias = 1",
    )


def facet(peer: Peer, field: str, window: Window, limit: int = 100) -> Query:
    """As the product's ``facets.values``."""
    return asked(
        f"values of {field}",
        f"SELECT {_group(peer, field)} AS value, count() AS count FROM {peer.table} "
        f"WHERE {where(peer, window, Filters())} GROUP BY value HAVING value != '' ORDER BY count DESC, value LIMIT {limit}",
    )


def count(peer: Peer, window: Window, filters: Filters, most: int) -> Query:
    """As the product's ``traces.count``: it stops at ``most``."""
    found = (
        f"SELECT DISTINCT {peer['trace_id']} FROM {peer.table} WHERE {where(peer, window, filters)} LIMIT {most + 1}"
    )
    return asked("count", f"SELECT least(count(), {most}) AS traces, count() > {most} AS more FROM ({found})")


def listed(peer: Peer, window: Window, filters: Filters, limit: int, text: str = "") -> Query:
    """As the product's ``traces.find``; ``text`` is a condition on the text besides."""
    trace, time, first = peer["trace_id"], peer["time"], f"(NOT ({peer['root']}), {peer['time']})"
    table = peer.texts if text else peer.table
    found = f"{where(peer, window, filters)}{f' AND {text}' if text else ''}"
    around = f"{time} >= arrayMin(page.1) - {MARGIN} AND {time} <= arrayMax(page.1) + {MARGIN}"
    model, priced = peer["model"], peer["priced"]
    return asked(
        "traces",
        f"""WITH (SELECT groupArray((at, id)) FROM (SELECT {time} AS at, {trace} AS id FROM {table} WHERE {found}
        ORDER BY {peer.newest} LIMIT 1 BY {trace} LIMIT {limit})) AS page
        SELECT told.*, judged.score AS score FROM (
        SELECT {trace} AS trace_id, min({time}) AS start_time,
        max(toUnixTimestamp64Nano(toDateTime64({time}, 9, 'UTC')) + toInt64({peer["duration_ns"]})) / 1e9
        - toUnixTimestamp64Nano(toDateTime64(min({time}), 9, 'UTC')) / 1e9 AS duration_seconds,
        argMin({peer["name"]}, {first}) AS name, argMin({peer["service"]}, {first}) AS service,
        argMin({peer["environment"]}, {first}) AS environment,
        if(countIf({peer["failed"]}) > 0, 'error', 'ok') AS status,
        arraySort(groupUniqArrayIf({model}, {peer["call"]} AND {model} != '')) AS models,
        anyIf({peer["user_id"]}, {peer["user_id"]} != '') AS user_id,
        anyIf({peer["session_id"]}, {peer["session_id"]} != '') AS session_id,
        argMin(substring({peer["input"]}, 1, 200), {first}) AS input_start,
        argMin(substring({peer["output"]}, 1, 200), {first}) AS output_start,
        sum({peer["input_tokens"]}) + sum({peer["output_tokens"]}) AS total_tokens,
        if(countIf({priced}) = 0, NULL, toFloat64(sum({peer["cost"]}))) AS cost_usd,
        count() AS spans, countIf({peer["failed"]}) AS errors
        FROM {peer.table} WHERE {peer.always} AND {trace} IN (SELECT arrayJoin(page.2)) AND {around}
        GROUP BY {trace}) AS told
        LEFT JOIN ({peer.judged}) AS judged USING (trace_id)
        ORDER BY start_time DESC SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1""",
    )


def quality(peer: Peer, window: Window, name: str, seconds: int | None, group: str | None) -> Query:
    """As the product's ``quality.trend``; without ``seconds`` as ``quality.totals``."""
    bucket = (
        ""
        if seconds is None
        else f"toDateTime64(toStartOfInterval(at, toIntervalSecond({seconds}), 'UTC'), 3, 'UTC') AS bucket, "
    )
    keys = "group" if seconds is None else "bucket, group"
    source = peer.quality(window, name)
    if group is not None:
        llm = f"{peer['time']}, {peer['llm']}"
        chosen = {
            "model": f"argMaxIf({peer['model']}, {llm})",
            "prompt_version": f"argMaxIf({peer['prompt_version']}, {peer['time']}, {peer['prompt_version']} != '')",
        }
        wide = Window(window.start_ns - 7 * 86_400 * 10**9, window.end_ns)
        answered = (
            f"SELECT {peer['trace_id']} AS trace_id, {chosen[group]} AS answered FROM {peer.table} WHERE {where(peer, wide, Filters())} "
            f"AND {peer['trace_id']} IN (SELECT trace_id FROM ({source})) GROUP BY trace_id"
        )
        source = f"{source}) AS given LEFT JOIN ({answered}) AS told USING (trace_id"
    shown = "''" if group is None else "ifNull(answered, '')"
    spread = "1.959963984540054 * stddevSamp(value) / sqrt(count())"
    from_ = f"({source})" if group is None else f"(SELECT * FROM ({source}))"
    return asked(
        "quality",
        f"SELECT {bucket}{shown} AS group, count() AS count, avg(value) AS mean, avg(value) - {spread} AS low, avg(value) + {spread} AS high "
        f"FROM {from_} GROUP BY {keys} ORDER BY {keys}",
    )


def _group(peer: Peer, field: str) -> str:
    return f"arrayJoin({peer['tag']})" if field == "tag" else peer[field]
