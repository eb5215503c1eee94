"""Commands for measures: `measures list`, `check`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spanglass_store.measures import Measure

measures_app = typer.Typer(name="measures", help="The numbers pages show and alerts watch.", no_args_is_help=True)

MeasuresFile = Annotated[
    Path | None,
    typer.Option(
        "--file",
        envvar="SPANGLASS_MEASURES_FILE",
        metavar="FILE",
        show_default=False,
        help="YAML file with measures of your own, listed after the built-in ones.",
    ),
]


@measures_app.command("list")
def list_(file: MeasuresFile = None) -> None:
    """Every measure there is: those built in and your own."""
    from spanglass_store.measures import MEASURES
    from spanglass_store.measures_file import use_measures

    use_measures(file)
    print(_table(MEASURES.values()))


@measures_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, as SPANGLASS_MEASURES_FILE names it.")],
) -> None:
    """Say whether a file of measures can be used, and which it defines. Needs no database. Exit code 1 if it cannot."""
    from spanglass_store.measures_file import read_measures

    print(_table(read_measures(file)))


def _table(measures: Iterable[Measure]) -> str:
    from spanglass_cli.tables import aligned

    cells = [(each.name, each.label, each.unit or "count", each.better, each.table, each.help) for each in measures]
    return aligned(("measure", "label", "unit", "better", "of", "meaning"), cells)
