"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def port(help_text: str) -> Any:
    """An option for a TCP port."""
    return typer.Option(min=1, max=65535, help=help_text)


DataDir = Annotated[
    Path,
    typer.Option(
        envvar="SPANGLASS_DATA_DIR", help="Folder for everything kept; one running `up` each.", file_okay=False
    ),
]
ClickHouseUrl = Annotated[
    str | None,
    typer.Option(
        "--clickhouse-url",
        envvar="SPANGLASS_CLICKHOUSE_URL",
        metavar="URL",
        show_default=False,
        help="http://user:password@host:8123/spanglass. Prefer the variable: arguments are visible to other users.",
    ),
]
ClickHouseCluster = Annotated[
    str | None,
    typer.Option(
        "--clickhouse-cluster",
        envvar="SPANGLASS_CLICKHOUSE_CLUSTER",
        metavar="NAME",
        show_default=False,
        help="Spread a new database over this cluster of the server's remote_servers. A database that exists knows its own.",
    ),
]
TextIndex = Annotated[
    Literal["insert", "merge", "off"] | None,
    typer.Option(
        "--text-index",
        envvar="SPANGLASS_TEXT_INDEX",
        show_default=False,
        help="When texts are indexed for search: by each insert, when parts are merged, or not. The collector reads the variable too.",
    ),
]
GrpcPort = Annotated[int, typer.Option(min=0, max=65535, help="Collector: OTLP over gRPC; 0: none.")]
NoDashboard = Annotated[bool, typer.Option("--no-dashboard", help="Do not start the dashboard.")]
OneProject = Annotated[str | None, typer.Option("--project", help="One project only.", show_default=False)]
