"""The questions of ``make bench-queries`` put to another product's schema.

The shapes of the queries are the best we know: what several columns need is read once, two windows are read at once, a
page of traces is found once, and the rest is read around its times.
"""

from __future__ import annotations

from collections.abc import Sequence

from queries_peer import MARGIN, Found, Peer, asked, group_key, measures, select, where

from spanglass_store.query import Filters, Query, Window


def totals(
    peer: Peer, names: Sequence[str], window: Window, filters: Filters, group: str | None = None, limit: int = 50
) -> Query:
    """As the product's ``measures.totals``."""
    key = "" if group is None else f"{group_key(peer, group)} AS group, "
    tail = "" if group is None else f"GROUP BY group ORDER BY {names[0]} DESC NULLS LAST, group LIMIT {limit}"
    return asked(
        "totals", f"SELECT {key}{select(peer, names)} FROM {peer.table} WHERE {where(peer, window, filters)} {tail}"
    )


def series(peer: Peer, names: Sequence[str], window: Window, seconds: int, group: str | None = None) -> Query:
    """As the product's ``measures.series``."""
    key = "" if group is None else f"{group_key(peer, group)} AS group, "
    keys = "bucket" if group is None else "bucket, group"
    bucket = f"toDateTime64(toStartOfInterval({peer['time']}, toIntervalSecond({seconds}), 'UTC'), 3, 'UTC')"
    return asked(
        "series",
        f"SELECT {bucket} AS bucket, {key}{select(peer, names)} FROM {peer.table} "
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
        f"SELECT {shown} FROM (SELECT {now} AS is_now, {select(peer, names)} FROM {peer.table} "
        f"WHERE {where(peer, both, Filters())} GROUP BY is_now) SETTINGS prefer_column_name_to_alias = 1",
    )


def top(peer: Peer, field: str, names: Sequence[str], window: Window, limit: int) -> Query:
    """As the product's ``top.top``: both windows in one reading."""
    both = Window(window.previous().start_ns, window.end_ns)
    now = f"{peer['time']} >= fromUnixTimestamp64Nano({window.start_ns}, 'UTC')"
    keys = {"group": group_key(peer, "prompt_name" if field == "prompt" else field)}
    if field == "prompt":
        keys["version"] = peer["prompt_version"]
    grouped = ", ".join(f"{expression} AS {key}" for key, expression in keys.items())
    by, by_value = ", ".join(keys), ", ".join(keys.values())
    shown = ", ".join(
        f"anyIf({name}, is_now) AS {name}, anyOrNullIf({name}, NOT is_now) AS {name}_before" for name in names
    )
    return asked(
        f"top {field}",
        f"SELECT * FROM (SELECT {by}, {shown} FROM (SELECT {now} AS is_now, {grouped}, {select(peer, names)} "
        f"FROM {peer.table} WHERE {where(peer, both, Filters())} GROUP BY is_now, {by_value}) WHERE group != '' GROUP BY {by} "
        f"HAVING max(is_now)) ORDER BY {names[0]} DESC NULLS LAST, {by} LIMIT {limit} "
        "SETTINGS prefer_column_name_to_alias = 1",
    )


def facet(peer: Peer, field: str, window: Window, limit: int = 100) -> Query:
    """As the product's ``facets.values``."""
    return asked(
        f"values of {field}",
        f"SELECT {group_key(peer, field)} AS value, count() AS count FROM {peer.table} "
        f"WHERE {where(peer, window, Filters())} GROUP BY value HAVING value != '' ORDER BY count DESC, value LIMIT {limit}",
    )


def count(peer: Peer, window: Window, filters: Filters, most: int) -> Query:
    """As the product's ``traces.count``: it stops at ``most``."""
    found = (
        f"SELECT DISTINCT {peer['trace_id']} FROM {peer.table} WHERE {where(peer, window, filters)} LIMIT {most + 1}"
    )
    return asked("count", f"SELECT least(count(), {most}) AS traces, count() > {most} AS more FROM ({found})")


def listed(peer: Peer, window: Window, filters: Filters, limit: int, found: Found) -> Query:
    """As the product's ``traces.find``."""
    trace, time, first = peer["trace_id"], peer["time"], f"(NOT ({peer['root']}), {peer['time']})"
    page = _page(peer, window, filters, limit, found)
    around = f"{time} >= arrayMin(page.1) - {MARGIN} AND {time} <= arrayMax(page.1) + {MARGIN}"
    model, priced = peer["model"], peer["priced"]
    return asked(
        "traces",
        f"""WITH (SELECT groupArray((at, id)) FROM ({page})) AS page
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


def _page(peer: Peer, window: Window, filters: Filters, limit: int, found: Found) -> str:
    """The traces of a page: (at, id)."""
    trace, time = peer["trace_id"], peer["time"]
    table = peer.texts if found.text else peer.table
    plain = where(peer, window, filters)
    spans = " AND ".join(part for part in (plain, found.text, found.also) if part)
    if not found.having and not found.order:
        return f"SELECT {time} AS at, {trace} AS id FROM {table} WHERE {spans} ORDER BY {peer.newest} LIMIT 1 BY {trace} LIMIT {limit}"
    return (
        f"SELECT max({time}) AS at, {trace} AS id FROM {table} WHERE {spans} GROUP BY {trace} HAVING {found.having or 1} "
        f"ORDER BY {found.order or 'at'} DESC, id DESC LIMIT {limit}"
    )


def judged_below(peer: Peer, window: Window, name: str, value: float) -> str:
    """A condition: the trace has a score of this name below a value."""
    return f"{peer['trace_id']} IN (SELECT trace_id FROM ({peer.quality(window, name)}) WHERE value < {value})"


def single(peer: Peer, window: Window, key: str, limit: int) -> Query:
    """As the product's ``spans.find``: a page of spans, the largest ``key`` first, without it the newest."""
    ids = f"{peer['time']} AS at, {peer['trace_id']} AS id, {peer['span_id']} AS span"
    order = f"{key} DESC, {peer['trace_id']} DESC, {peer['span_id']} DESC" if key else peer.newest
    page = f"SELECT {ids} FROM {peer.table} WHERE {where(peer, window, Filters())} ORDER BY {order} LIMIT {limit}"
    return asked(
        "spans",
        f"WITH (SELECT groupArray((at, id, span)) FROM ({page})) AS page SELECT {peer['span_id']} AS span_id_hex, "
        f"{peer['name']} AS name, * FROM {peer.table} WHERE {peer.always} AND {peer['time']} IN (SELECT arrayJoin(page.1)) "
        f"AND {peer['time']} >= arrayMin(page.1) AND {peer['time']} <= arrayMax(page.1) "
        f"AND ({peer['trace_id']}, {peer['span_id']}) IN (SELECT arrayJoin(arrayZip(page.2, page.3))) ORDER BY indexOf(page.3, {peer['span_id']}) "
        "SETTINGS prefer_column_name_to_alias = 1",
    )


def members(peer: Peer, field: str, window: Window, by_cost: bool, limit: int) -> Query:
    """As the product's ``users.find`` and ``sessions.find``: what has the newest span, or costs most, first."""
    time, trace, key = peer["time"], peer["trace_id"], peer[field]
    inside = where(peer, window, Filters())
    if by_cost:
        page = f"SELECT {key} AS id FROM {peer.table} WHERE {inside} AND id != '' GROUP BY id ORDER BY sum({peer['cost']}) DESC, id DESC LIMIT {limit}"
    else:
        page = f"SELECT {key} AS id FROM {peer.table} WHERE {inside} AND id != '' ORDER BY {peer.newest} LIMIT 1 BY id LIMIT {limit}"
    known = measures(peer)
    told = {
        "user_id": {name: known[name] for name in ("traces", "trace_errors", "total_tokens", "cost_usd", "sessions")},
        "session_id": {
            "user_id": f"argMaxIf({peer['user_id']}, {time}, {peer['user_id']} != '')",
            "traces": f"uniqExact({trace})",
            "total_tokens": known["total_tokens"],
            "cost_usd": f"if(countIf({peer['priced']}) = 0, NULL, toFloat64(sum({peer['cost']})))",
            "errors": f"countIf({peer['failed']})",
        },
    }[field]
    shown = ", ".join(f"{sql} AS {name}" for name, sql in told.items())
    mine = f"{inside} AND {key} IN (SELECT arrayJoin(ids))"
    sql = f"SELECT {key} AS {field}, min({time}) AS first_time, max({time}) AS last_time, count() AS spans, {shown} FROM {peer.table} WHERE {mine} GROUP BY {key}"
    if field == "session_id":
        whose = f"SELECT {trace} AS trace_id, any({key}) AS session_id FROM {peer.table} WHERE {mine} GROUP BY {trace}"
        later = Window(window.start_ns, window.end_ns + 86_400 * 10**9)  # a trace of the last minute is judged after it
        given = f"SELECT * FROM ({peer.quality(later, '')}) WHERE trace_id IN (SELECT trace_id FROM ({whose}))"
        scores = f"SELECT session_id, avg(value) AS score FROM ({given}) AS given INNER JOIN ({whose}) AS whose USING (trace_id) GROUP BY session_id"
        sql = f"SELECT * FROM ({sql}) AS told LEFT JOIN ({scores}) AS judged USING (session_id)"
    return asked(
        f"list by {field}",
        f"WITH (SELECT groupArray(id) FROM ({page})) AS ids SELECT * FROM ({sql}) ORDER BY indexOf(ids, {field}) "
        "SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1",
    )


def attribute_values(peer: Peer, key: str, window: Window, limit: int) -> Query:
    """As the product's ``attributes.values``."""
    return asked(
        f"values of {key}",
        f"SELECT {peer.attribute_value(key)} AS value, count() AS count FROM {peer.table} WHERE {where(peer, window, Filters())} "
        f"AND {peer.has_attribute(key)} GROUP BY value ORDER BY count DESC, value LIMIT {limit}",
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
