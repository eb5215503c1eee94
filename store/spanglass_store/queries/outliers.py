"""What some spans have that the others do not: the slow, the failed, the dear, or any selection, against the rest. Pure.

A value of a field, tag, parameter, metadata, attribute or resource key is in so much of the selection, and in so much of
the rest; the interval of the difference of the two shares is Newcombe's (R. G. Newcombe, "Interval estimation for the
difference between independent proportions: comparison of eleven methods", Statistics in Medicine 17, 1998, method 10).
Values are ranked by the end of the interval that is nearer to nothing, so a difference that chance explains ranks last
however large it is. Its level is 95 % for all values compared together (Bonferroni's correction), as many are tried.
Spans of one trace are not independent: an interval says where to look first, not what caused what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any, Final, Literal

from spanglass_store.query import FIELDS, Condition, Filters, Query, Window, query, spans_where, told_apart

Source = Literal["field", "tag", "parameter", "metadata", "attribute", "resource"]

SAMPLE_SPANS: Final = 20_000
"""How many spans of either side are looked at, roughly: shares are then within 0.7 points (95 %)."""
LEAST_HOURS: Final = 100
"""Of longer windows some hours are read, the same for both sides, if that is enough for the sample."""
HOUR_NS: Final = 3600 * 10**9
VALUE_CHARACTERS: Final = 200
"""Longer values are compared and shown by their beginning."""
FEWEST: Final = 3
"""A value that fewer of the selected spans have is not compared."""
CANDIDATES: Final = 200

_MODELS: Final = {"model", "request_model", "response_model"}
_FIELDS: Final = tuple(field for field in FIELDS if field != "tag")
_MAPS: Final[Mapping[Source, str]] = {
    "parameter": "parameters",
    "metadata": "metadata",
    "attribute": "attributes",
    "resource": "resource",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Spans that pass ``filters`` (with the status ``error``: those that failed) and are as slow and as dear as that."""

    filters: Filters = Filters()  # noqa: RUF009 - frozen, so one default may be shared
    min_duration_seconds: float | None = None
    min_cost_usd: float | None = None

    @property
    def told_by(self) -> tuple[str, ...]:
        """What the selection is made by, as ``source.key``: that it differs is no news."""
        fields = {field for field, _ in (*self.filters.values, *self.filters.excluded)}
        fields |= _MODELS if fields & _MODELS else set()
        keys = [key.removeprefix("attributes.") for key, _ in self.filters.attributes]
        return (
            *(f"field.{field}" if field != "tag" else "tag." for field in sorted(fields)),
            *(key if key.startswith(("metadata.", "resource.")) else f"attribute.{key}" for key in keys),
        )


@dataclass(frozen=True, slots=True)
class Distinction:
    """A value more frequent in the selection. Shares are 0 to 1; ``low`` and ``high`` are the ends of the interval of
    ``selected_share - other_share``.
    """

    source: Source
    key: str
    value: str
    selected_share: float
    other_share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """``distinctions``, the clearest first. The spans there are, and how many of them were looked at: fewer are a sample."""

    distinctions: tuple[Distinction, ...]
    selected_spans: int
    other_spans: int
    sampled_selected: int
    sampled_others: int

    @property
    def is_sampled(self) -> bool:
        """Not every span was looked at."""
        return self.sampled_selected + self.sampled_others < self.selected_spans + self.other_spans


def values(project: str, window: Window, population: Filters, selection: Selection) -> Query:
    """Values that are in more of the selected spans than of the other spans of ``population``, for ``compared``.

    Columns: source, key, value, selected, others (spans that have it), sampled_selected, sampled_others (spans looked at),
    selected_spans, other_spans (spans there are), candidates (values that FEWEST or more selected spans have).
    Grain: one row a value, the largest difference of shares first, at most CANDIDATES; then one with empty ``source``
    that counts all spans. What the selection is made by is left out.

    Reads ``spans`` of the window twice: what counts them, then, of SAMPLE_SPANS of either side, all fields and maps. The
    sample is taken by hashes, of hours (at least LEAST_HOURS) and then of ids: it is the same each time.
    """
    where = spans_where(project, window, population)
    chosen = told_apart(_selected(project, window, selection), where, "selected_")
    pairs = ", ".join(f"('field', '{field}', toString({FIELDS[field]}))" for field in _FIELDS)
    maps = ",\n".join(
        f"arrayMap((k, v) -> ('{source}', toString(k), leftUTF8(v, {VALUE_CHARACTERS})), mapKeys({column}), mapValues({column}))"
        for source, column in _MAPS.items()
    )
    return query(
        "what the selected spans have that others do not",
        f"""
        WITH (SELECT (countIf({chosen.sql}) AS selected, toUInt64(count() - selected)) FROM spans WHERE {where.sql}) AS there_are,
        greatest(1, least({{most_hours:UInt64}}, intDiv(least(there_are.1, there_are.2), {{sample:UInt64}}))) AS hours,
        compared AS (
        SELECT source, key, value, countIf(is_selected) AS selected, countIf(NOT is_selected) AS others
        FROM (
        SELECT ({chosen.sql}) AS is_selected, arrayConcat([('', '', '')],
        arrayFilter(pair -> pair.3 != '', [{pairs}]),
        arrayMap(tag -> ('tag', '', toString(tag)), arrayDistinct(tags)),
        {maps}) AS pairs
        FROM spans WHERE {where.sql}
        AND cityHash64(toStartOfHour(start_time)) % hours = 0
        AND cityHash64(trace_id, span_id) % greatest(1, intDiv(
        intDiv(if(is_selected, there_are.1, there_are.2), hours) + {{sample:UInt64}} - 1, {{sample:UInt64}})) = 0
        )
        ARRAY JOIN pairs.1 AS source, pairs.2 AS key, pairs.3 AS value
        GROUP BY source, key, value
        HAVING source = ''
        OR (selected >= {{fewest:UInt32}} AND NOT has({{told_by:Array(String)}}, concat(source, '.', key)))
        )
        SELECT source, key, value, selected, others,
        max(selected) OVER () AS sampled_selected, max(others) OVER () AS sampled_others,
        there_are.1 AS selected_spans, there_are.2 AS other_spans, count() OVER () - 1 AS candidates
        FROM compared
        ORDER BY source = '', selected / sampled_selected - others / sampled_others DESC, source, key, value
        LIMIT {{limit:UInt32}}
        """,
        where,
        chosen,
        sample=SAMPLE_SPANS,
        most_hours=max(1, window.duration_ns // (LEAST_HOURS * HOUR_NS)),
        fewest=FEWEST,
        told_by=selection.told_by,
        limit=CANDIDATES,
    )


def compared(rows: Iterable[Mapping[str, Any]], *, limit: int = 20) -> Comparison:
    """The ``limit`` clearest distinctions, from rows of ``values``: those whose whole interval is above nothing."""
    told = list(rows)
    if not told:
        return Comparison((), 0, 0, 0, 0)
    sizes = [int(told[0][name]) for name in ("selected_spans", "other_spans", "sampled_selected", "sampled_others")]
    _, _, of_selected, of_others = sizes
    if not of_selected or not of_others:
        return Comparison((), *sizes)
    z = NormalDist().inv_cdf(1 - 0.025 / max(1, int(told[0]["candidates"])))
    found = []
    for row in told:
        low, high = difference(int(row["selected"]), of_selected, int(row["others"]), of_others, z)
        if row["source"] and low > 0:
            shares = row["selected"] / of_selected, row["others"] / of_others
            found.append(Distinction(row["source"], row["key"], row["value"], *shares, low, high))
    found.sort(key=lambda each: (-each.low, each.source, each.key, each.value))
    return Comparison(tuple(found[:limit]), *sizes)


def difference(with_1: int, of_1: int, with_2: int, of_2: int, z: float) -> tuple[float, float]:
    """The interval of the difference of two shares, the first less the second; ``z`` is the normal quantile."""
    share_1, share_2 = with_1 / of_1, with_2 / of_2
    (low_1, high_1), (low_2, high_2) = wilson(with_1, of_1, z), wilson(with_2, of_2, z)
    between = share_1 - share_2
    low = between - sqrt((share_1 - low_1) ** 2 + (high_2 - share_2) ** 2)
    return low, between + sqrt((high_1 - share_1) ** 2 + (share_2 - low_2) ** 2)


def wilson(with_it: int, of_all: int, z: float) -> tuple[float, float]:
    """Wilson's interval of a share (E. B. Wilson, 1927)."""
    share, widen = with_it / of_all, z * z / of_all
    centre = (share + widen / 2) / (1 + widen)
    half = z * sqrt(share * (1 - share) / of_all + widen / (4 * of_all)) / (1 + widen)
    return centre - half, centre + half


def _selected(project: str, window: Window, selection: Selection) -> Condition:
    where = spans_where(project, window, selection.filters)
    thresholds = (
        ("duration_ns >= toUInt64({min_duration_ns:UInt64})", "min_duration_ns", selection.min_duration_seconds, 1e9),
        ("ifNull(toFloat64(cost_usd) >= {min_cost_usd:Float64}, false)", "min_cost_usd", selection.min_cost_usd, None),
    )
    parts, params = [where.sql], list(where.params)
    for sql, name, value, scale in thresholds:
        if value is not None:
            parts.append(sql)
            params.append((name, value if scale is None else round(value * scale)))
    return Condition(" AND ".join(parts), tuple(params))
