"""Write the pages of ``docs/reference`` from the tables in the code. ``tests/test_docs.py`` fails when they are behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from spanglass_store.columns import COLUMNS
from spanglass_store.measures import MEASURES

REFERENCE = Path(__file__).parent / "reference"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    cells = [list(map(_cell, head)), *[list(map(_cell, row)) for row in rows]]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def columns() -> str:
    """The page of the table of spans."""
    rows = ((f"`{c.name}`", f"`{c.type}`", c.help) for c in COLUMNS)
    return (
        "# The table `spans`\n\nOne immutable row a span. Generated from `spanglass_store.columns`.\n\n"
        + table(("column", "type", "meaning"), rows)
    )


def measures() -> str:
    """The page of the measures."""
    rows = ((f"`{m.name}`", m.label, m.unit or "count", m.better, m.table, m.help) for m in MEASURES.values())
    return (
        "# Measures\n\nThe numbers pages show and alerts watch, each defined once. Generated from "
        "`spanglass_store.measures`.\n\n" + table(("measure", "label", "unit", "better", "of", "meaning"), rows)
    )


PAGES: Mapping[str, str] = {"columns.md": columns(), "measures.md": measures()}


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        (REFERENCE / name).write_text(text)


if __name__ == "__main__":
    main()
