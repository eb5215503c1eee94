"""What SQL written by others may call: functions that compute on their arguments, and nothing of the host. Pure.

Rights and row policies keep tables apart (``embedded_config``), but no right guards a plain function, and in the
embedded engine ``file('/etc/passwd')`` reads any file: there is no folder it is kept to. So the names in a query are
held against a list before anything of it is looked at. The text is the server's own form of it (``formatQuery``): no
comments, names quoted in one way, a call is a name with ``(`` right behind it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

CATEGORIES: Final = (
    "Aggregate Functions,Arithmetic,Arrays,Bit,Bitmap,Comparison,Conditional,Dates and Times,Distance,Encoding,Geo,"
    "Hash,IP Address,JSON,Logical,Map,Mathematical,Null,Nullable,Random Number,Rounding,String,String Replacement,"
    "String Search,String Splitting,Time Window,Tuple,Type Conversion,URL,UUID"
)
"""Categories of ``system.functions`` whose functions only compute."""

ALSO_ALLOWED: Final = (
    "bar,byteSize,caseWithExpression,COLUMNS,countDigits,currentDatabase,currentUser,database,exists,finalizeAggregation,"
    "formatReadableDecimalSize,formatReadableQuantity,formatReadableSize,formatReadableTimeDelta,grouping,identity,ignore,"
    "indexHint,levenshteinDistance,materialize,minSampleSizeContinuous,minSampleSizeConversion,neighbor,"
    "parseReadableSize,parseTimeDelta,rowNumberInAllBlocks,runningAccumulate,runningDifference,schema,throwIf,toTypeName,"
    "transform,untuple,uptime,user,version,visibleWidth,width_bucket"
)
"""Of the other categories, and what is written as a call without being a function."""

SERVERS_OWN: Final = frozenset({"system", "information_schema"})
"""Databases of which rights alone show something to everybody, as how many rows there are of all projects."""

TABLE_FUNCTIONS: Final = "numbers,generateSeries,generate_series,zeros"

COMBINATORS: Final = (
    "SimpleState,OrDefault,Distinct,Resample,ForEach,ArgMax,ArgMin,OrNull,Tuple,Merge,State,Array,Null,Map,If"
)
"""Endings of aggregate functions: https://clickhouse.com/docs/sql-reference/aggregate-functions/combinators."""

_TOKEN: Final = re.compile(
    r"""
      '(?:[^'\\]|\\.)*'
    | \{ (?P<parameter>\w+) : (?P<type>[^}]*) \}
    | (?P<name> `(?:[^`\\]|\\.)*` | "(?:[^"\\]|\\.)*" | [^\W\d]\w* ) (?P<after>[(.])?
    | \d[\w.]* | .
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Names:
    """``allowed``: what may be called, in lower case; ``forbidden``: functions that may not even be named, as one can be
    handed over by its name alone (``arrayMap(file, …)``).
    """

    allowed: frozenset[str]
    forbidden: frozenset[str]


def names_from_rows(functions: Iterable[Mapping[str, Any]], table_functions: Iterable[str]) -> Names:
    """The names a server knows, sorted out. ``functions`` are rows of ``system.functions`` with name, alias_to,
    categories and origin.
    """
    rows = list(functions)
    categories, also = set(CATEGORIES.split(",")), set(ALSO_ALLOWED.lower().split(","))
    category = {row["name"]: row["categories"].strip() for row in rows}
    computing = {
        row["name"].lower()
        for row in rows
        if row["origin"] == "System" and category.get(row["alias_to"] or row["name"]) in categories
    }
    fine = (computing - {name.lower() for name in table_functions}) | also
    known = {row["name"].lower() for row in rows}
    return Names(frozenset(fine | set(TABLE_FUNCTIONS.lower().split(","))), frozenset(known - fine))


def refusal(text: str, names: Names, parameters: Collection[str] = ()) -> str:
    """Why ``text``, a query as the server writes it, is not run with ``parameters``: a sentence, or nothing."""
    if not re.match(r"\W*(SELECT|WITH)\b", text):
        return "One SELECT is answered, and nothing else."
    bound = set()
    for token in _TOKEN.finditer(text):
        if token["type"] is not None:
            bound.add(token["parameter"])
            if "Identifier" in token["type"]:
                return "A parameter is a value; a name stands in the text."
        elif token["name"] is not None and (reason := _of_name(token["name"], token["after"], names)):
            return reason
    missing = sorted(set(parameters) - bound)
    return f"The parameter {missing[0][:60]} stands nowhere in the text as {{NAME:Type}}." if missing else ""


def _of_name(text: str, after: str | None, names: Names) -> str:
    name = re.sub(r"\\(.)", r"\1", text.strip('`"'))
    if after == "." and name.lower() in SERVERS_OWN:
        return "Tables are spans, scores and span_details; those of the server are not to be read here."
    if not _may_be_called(name, names) if after == "(" else name.lower() in names.forbidden:
        return f"{name[:60]} is not among the functions that may be called here."
    return ""


def _may_be_called(name: str, names: Names) -> bool:
    if name.lower() in names.allowed:
        return True
    shorter = (name.removesuffix(each) for each in COMBINATORS.split(",") if name.endswith(each) and name != each)
    return any(_may_be_called(each, names) for each in shorter)
