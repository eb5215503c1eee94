"""The command `sql`: one SELECT, asked of the collector."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer

from spanglass_cli.errors import CommandError


def sql(
    text: Annotated[str, typer.Argument(metavar="SELECT", help="Over spans, scores and span_details; `-` reads it.")],
    form: Annotated[Literal["table", "jsonl"], typer.Option("--format", help="How rows are printed.")] = "table",
    endpoint: Annotated[
        str | None, typer.Option(envvar="SPANGLASS_ENDPOINT", help="The collector.", show_default=False)
    ] = None,
) -> None:
    """Read with SQL, in the project of SPANGLASS_API_KEY, where the collector allows it.

    The columns: docs/reference/columns.md. At most 100,000 rows and 30 seconds.
    """
    from spanglass.query.asking import Collector
    from spanglass.query.errors import QueryError

    asked = sys.stdin.read() if text == "-" else text
    try:
        collector = Collector(endpoint, None, None, timeout_seconds=60)
        told = json.loads(collector.post("sql", {"sql": asked})[0])
    except QueryError as error:
        raise CommandError(str(error)) from error
    names = [column["name"] for column in told["columns"]]
    print(_table(names, told["rows"]) if form == "table" else "\n".join(map(_line, told["rows"])))


def _table(names: list[str], rows: list[dict[str, Any]]) -> str:
    from spanglass_cli.tables import aligned

    numbers = [name for name in names if all(isinstance(row[name], int | float | None) for row in rows)]
    return aligned(names, [[_cell(row[name]) for name in names] for row in rows], right=numbers)


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
