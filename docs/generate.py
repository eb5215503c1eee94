"""Write the pages of ``docs/reference`` from the tables in the code. ``tests/test_docs.py`` fails when they are behind."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from inspect import signature
from pathlib import Path

from pydantic_settings import BaseSettings

import spanglass
from spanglass import settings as sdk
from spanglass.mask_exempt import EXEMPT, EXEMPT_FIGURES
from spanglass.mask_patterns import BUILT_IN
from spanglass_cli import capacity as model
from spanglass_collector import dialects as dialects_room
from spanglass_collector import settings as collector
from spanglass_collector.dialects.dialect import Dialect
from spanglass_collector.metrics import METRICS
from spanglass_dashboard import settings as dashboard
from spanglass_monitor import settings as monitor
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
    return "# The table `spans`\n\nOne immutable row a span. Generated from `spanglass_store.columns`.\n\n" + table(
        ("column", "type", "meaning"), rows
    )


def measures() -> str:
    """The page of the measures."""
    rows = ((f"`{m.name}`", m.label, m.unit or "count", m.better, m.table, m.help) for m in MEASURES.values())
    return (
        "# Measures\n\nThe numbers pages show and alerts watch, each defined once. Generated from "
        "`spanglass_store.measures`.\n\n" + table(("measure", "label", "unit", "better", "of", "meaning"), rows)
    )


def settings() -> str:
    """The page of the environment variables, room by room."""
    sdk_rows = ((" or ".join(f"`{name}`" for name in r.env), _default(r.default), r.unit, r.help) for r in sdk.table())
    rooms = (("Collector", collector.Settings), ("Monitor", monitor.Settings), ("Dashboard", dashboard.Settings))
    return "\n".join(
        [
            "# Settings\n\nEnvironment variables, room by room. Generated from each room's `settings`.\n",
            f"## SDK\n\n`spanglass.init` takes {_arguments()}, which win over these. How they work together: [SDK](../sdk.md).\n",
            table(("variable", "default", "unit", "meaning"), sdk_rows),
            *(f"## {name}\n\n{table(('variable', 'default', 'meaning'), _variables(cls))}" for name, cls in rooms),
        ]
    )


def _arguments() -> str:
    """Settings that ``init`` takes as arguments."""
    known = {row.name for row in sdk.table()}
    return ", ".join(f"`{name}`" for name in signature(spanglass.init).parameters if name in known)


def _variables(cls: type[BaseSettings]) -> Iterable[tuple[str, str, str]]:
    prefix = cls.model_config["env_prefix"]
    for name, field in cls.model_fields.items():
        default = "required" if field.is_required() else _default(field.default)
        meaning = (field.description or "").rstrip(".")
        yield f"`{prefix}{name.upper()}`", default, meaning[:1].upper() + meaning[1:]


def _default(value: object) -> str:
    return "" if value is None or value == "" else f"`{value}`"


def metrics() -> str:
    """The page of the collector's own metrics."""
    rows = ((f"`{m.name}`", m.kind, ", ".join(f"`{label}`" for label in m.labels), m.help) for m in METRICS)
    return (
        "# Metrics\n\nWhat the collector tells Prometheus at `/metrics`. Generated from "
        "`spanglass_collector.metrics`.\n\n" + table(("metric", "kind", "labels", "meaning"), rows)
    )


def masking() -> str:
    """The page of what masking finds by name, and of what it leaves alone."""
    rows = ((f"`{pattern.label}`", pattern.help) for pattern in BUILT_IN.values())
    names = ", ".join(f"`{name}`" for name in sorted(EXEMPT))
    below = ", ".join(f"`{prefix}*`" for prefix in EXEMPT_FIGURES)
    return (
        "# Masking\n\nGenerated from `spanglass.mask_patterns` and `spanglass.mask_exempt`; how to use it: "
        "[privacy](../privacy.md).\n\n## Patterns by name\n\n"
        + table(("name", "finds"), rows)
        + "\n## Attributes that are no content\n\nNo pattern and no hook sees them, a path changes them only when it "
        f"spells the name out, and they stay when content is dropped: {names}; and numbers below {below}.\n"
    )


def dialects() -> str:
    """The page of the conventions that are understood, by falling precedence."""
    modules = map(
        importlib.import_module,
        (f"{dialects_room.__name__}.{m.name}" for m in pkgutil.iter_modules(dialects_room.__path__)),
    )
    told_in = {
        id(value): module.__doc__ or ""
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Dialect)
    }
    return (
        "# Dialects\n\nWhich attributes tell which field, by falling precedence: of two that tell the same field the one further "
        "up decides. Generated from `spanglass_collector.dialects`; what it is for: [dialects](../dialects.md).\n\n"
    ) + "\n".join(
        f"## {dialect.name}\n\n{told_in[id(dialect)].replace(' Pure.', '').replace('``', '`').strip()}\n\n"
        + table(("attribute", "tells"), _names(dialect))
        for dialect in dialects_room.DIALECTS
    )


def _names(dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Attributes of a dialect and the field each tells; those of a phrase are read together."""
    for phrase in dialect.phrases:
        yield ", ".join(f"`{name}*`" if name.endswith(".") else f"`{name}`" for name in phrase.reads), "read together"
    for word in dialect.words:
        yield f"`{word.attribute}`", f"`{word.field}`"
    for family in dialect.families:
        yield f"`{family.prefix}*`" if family.prefix else "names without a namespace", f"`{family.field}`"


def capacity() -> str:
    """The page of what a load takes."""
    loads = [model.capacity(load) for load in model.LOADS]
    groups = (("Measured", model.MEASURED), ("Assumed", model.ASSUMED), ("Prices", model.PRICES))
    return (
        "# Capacity\n\nWhat a load takes, by the figures below. Generated from `spanglass_cli.capacity`; how to read it: "
        "[scaling](../scaling.md).\n\n"
        + table(model.COLUMNS, ([tell(load) for tell in model.COLUMNS.values()] for load in loads))
        + "".join(
            f"\n## {title}\n\n"
            + table(
                ("figure", "value", "unit", "meaning", "from"),
                ((f"`{name}`", f"{f.value:,g}", f.unit, f.help, f.source) for name, f in figures.items()),
            )
            for title, figures in groups
        )
    )


PAGES: Mapping[str, str] = {
    "capacity.md": capacity(),
    "columns.md": columns(),
    "dialects.md": dialects(),
    "masking.md": masking(),
    "measures.md": measures(),
    "metrics.md": metrics(),
    "settings.md": settings(),
}


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        (REFERENCE / name).write_text(text)


if __name__ == "__main__":
    main()
